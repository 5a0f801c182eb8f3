import { readFileSync, writeFileSync } from 'node:fs'
import { configMarkdown } from '../src/app/config/docs.ts'
import { referenceYaml } from '../src/app/config/show.ts'

/**
 * Writes docs/config.md and config/reference.yaml from the declared settings; with --check only
 * says whether they are up to date. Run: node scripts/generate-config-docs.ts [--check]
 */

const pages = [
  { path: 'docs/config.md', text: configMarkdown() },
  { path: 'config/reference.yaml', text: referenceYaml() },
]
const root = new URL('../', import.meta.url)
const checks = process.argv.includes('--check')

for (const { path, text } of pages) {
  const url = new URL(path, root)
  if (!checks) {
    writeFileSync(url, text)
    console.log(`wrote ${path}`)
  } else if (current(url) !== text) {
    console.error(`${path} is out of date: run node scripts/generate-config-docs.ts`)
    process.exitCode = 1
  }
}

function current(url: URL): string | undefined {
  try {
    return readFileSync(url, 'utf8')
  } catch {
    // Absent is out of date, too.
    return undefined
  }
}
