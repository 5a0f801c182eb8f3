import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

/** The licences of every package that a bundle contains: their terms ask for the texts. */
export function licenseTexts(root: string, metafile: Metafile): string {
  const packages = new Set<string>()
  for (const input of Object.keys(metafile.inputs)) {
    const path = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1]
    if (path) packages.add(path)
  }
  return [...packages]
    .sort()
    .map(path => licenseOf(join(root, path)))
    .join('\n')
}

function licenseOf(directory: string): string {
  const about = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  const heading = `${'='.repeat(80)}\n${about.name} ${about.version} (${about.license})\n`
  const texts = readdirSync(directory)
    .filter(name => /^(licen[cs]e|notice|copying)/i.test(name))
    .map(name => join(directory, name))
    .filter(path => existsSync(path))
    .map(path => readFileSync(path, 'utf8').trim())
  return `${heading}\n${texts.join('\n\n')}\n`
}
