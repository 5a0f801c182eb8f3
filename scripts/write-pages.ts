import { readFileSync, writeFileSync } from 'node:fs'

export interface Page {
  /** From the root of the repository. */
  readonly path: string
  readonly text: string
}

const root = new URL('../', import.meta.url)

/** Writes generated pages; with --check only says whether they are up to date. */
export function writePages(pages: readonly Page[], script: string): void {
  const checks = process.argv.includes('--check')
  for (const { path, text } of pages) {
    const url = new URL(path, root)
    if (!checks) {
      writeFileSync(url, text)
      console.log(`wrote ${path}`)
    } else if (current(url) !== text) {
      console.error(`${path} is out of date: run node ${script}`)
      process.exitCode = 1
    }
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
