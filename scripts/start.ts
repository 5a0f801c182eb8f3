import { type Dirent, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Builds when the build is missing or older than its sources, then is the server: npm start. */

const root = fileURLToPath(new URL('../', import.meta.url))
const stub = join(root, 'dist/tempo.js')
const sources = ['src', 'cmd', 'scripts', 'package.json', 'package-lock.json']

if (!isBuildCurrent()) await import('./build.ts')
// The stub starts the server in this process, which a signal then reaches directly.
const given = process.argv.slice(2)
const hasTarget = given.some(argument => /^--?target(=|$)/.test(argument))
process.argv = [process.execPath, stub, ...(hasTarget ? [] : ['--target=all']), ...given]
await import(stub)

function isBuildCurrent(): boolean {
  const record = join(root, 'dist/node-path.txt')
  if (!existsSync(stub) || !existsSync(record)) return false
  // Written last.
  const builtMs = statSync(record).mtimeMs
  return sources.every(source => newestMs(join(root, source)) <= builtMs)
}

function newestMs(path: string): number {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  const entries: Dirent[] = readdirSync(path, {
    recursive: true,
    withFileTypes: true,
  })
  // A removed file shows in the time of its folder.
  return entries.reduce(
    (newest, entry) => Math.max(newest, statSync(join(entry.parentPath, entry.name)).mtimeMs),
    stat.mtimeMs,
  )
}
