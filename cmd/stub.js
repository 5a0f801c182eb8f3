/**
 * The source of dist/tempo.js: starts ./server.js, which an old Node cannot even parse, with a Node
 * that can. `dist/node-path.txt` names the Node that made the build.
 */
import { fileURLToPath } from 'url'
import { fail, warnWhenUnfixed, withNewerNode } from './newer-node.js'

withNewerNode({
  file: fileURLToPath(import.meta.url),
  args: process.argv.slice(2),
  recordPath: fileURLToPath(new URL('node-path.txt', import.meta.url)),
  load() {
    warnWhenUnfixed()
    // A variable, so that bundling the stub leaves the server out of it.
    const server = new URL('server.js', import.meta.url).href
    import(server).catch(error => fail(error && error.message ? error.message : error))
  },
})
