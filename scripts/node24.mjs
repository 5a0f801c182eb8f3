/**
 * Runs a script of this repository with a Node that can: `node scripts/node24.mjs <script> [args]`.
 * Itself it runs on Node 12, as npm may be an old Node's.
 */
import { mkdirSync, writeFileSync } from 'fs'
import { dirname, resolve } from 'path'
import { fileURLToPath, pathToFileURL } from 'url'
import { fail, withNewerNode } from '../cmd/newer-node.js'

const parentCheckMs = 500
const self = fileURLToPath(import.meta.url)
const recordPath = resolve(dirname(self), '../node_modules/.cache/vivace/node-path.txt')
const [script, ...args] = process.argv.slice(2)
if (!script) fail('usage: node scripts/node24.mjs <script> [arguments]')

if (process.env.npm_lifecycle_event) stopWithParent()

withNewerNode({
  file: self,
  args: [script, ...args],
  recordPath,
  found(path) {
    // Asking npm takes a second each time.
    mkdirSync(dirname(recordPath), { recursive: true })
    writeFileSync(recordPath, path)
  },
  load() {
    const file = resolve(script)
    process.argv = [process.argv[0], file, ...args]
    return import(pathToFileURL(file).href)
  },
})

/**
 * Where npm's shell does not pass SIGTERM on, or npm is killed, nothing tells the script: it sees
 * that its parent is another one.
 */
function stopWithParent() {
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, parentCheckMs)
  timer.unref()
}
