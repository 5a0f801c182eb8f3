/**
 * What lets a machine with an old Node run the server and the scripts: finds a Node that can, runs
 * the same file again with it, and stands in for it. Shared by the stub (dist/tempo.js) and by
 * scripts/node24.mjs.
 *
 * This file is read by the old Node: only syntax and modules of Node 12, no package, no build step.
 *
 * The child is never started through npx, which dies on SIGTERM and leaves its child running.
 * Killing this process in any way kills the child: the child holds an IPC channel and kills itself
 * the moment that closes, which needs no code to run here.
 */
import { spawn, spawnSync } from 'child_process'
import { existsSync, readFileSync, realpathSync } from 'fs'
import { constants } from 'os'
import { delimiter, join } from 'path'

/** From here zstd and CRC32 are in the core, and `.ts` runs without a flag. */
const oldestNode = [22, 18, 0]
/** What npm is asked for. */
const wantedMajor = 24
/** Releases with the HTTP/2 fixes, by major. */
const fixedNodes = [
  [22, 22, 2],
  [24, 14, 1],
]
/** Set for the child, so that a Node which lies about its version does not start itself for ever. */
const guardVariable = 'VIVACE_NODE_FOUND'
const relayedSignals = ['SIGTERM', 'SIGINT', 'SIGHUP']
/** Ctrl-C arrives once from the terminal and once from npm; a person is slower than this. */
const samePressMs = 250
const versionTimeoutMs = 10000
/** Enough for a download of 50 MB over a slow line. */
const npxTimeoutMs = 600000

/**
 * Runs `load` in this process when its Node is new enough, otherwise the file `file` with `args` in
 * a newer Node, where this function is called again. `recordPath` names a text file that may hold
 * the path of such a Node. `found`, if given, is told the path that was found.
 */
export function withNewerNode({ file, args, recordPath, found, load }) {
  const isChild = process.env[guardVariable] !== undefined
  delete process.env[guardVariable]
  if (isNewEnough(process.versions.node)) {
    if (isChild) dieWithParent()
    return load()
  }
  if (isChild) return fail(`the Node found in place of an old one is ${process.version} itself`)
  const binary = findNode(recordPath)
  if (!binary) {
    return fail(
      `needs Node ${oldestNode.join('.')} or newer, this is ${process.version}, ` +
        'and neither PATH nor npx has a newer one',
    )
  }
  if (found) found(binary)
  return relay(binary, [...argumentsForNode(), file, ...args])
}

/** Prints one line and ends the process: what goes wrong here is never worth a stack trace. */
export function fail(message) {
  process.stderr.write(`vivace: ${String(message).split('\n')[0]}\n`)
  process.exit(1)
}

/** One warning when this Node lacks fixes that a busy server needs. */
export function warnWhenUnfixed() {
  const version = parseVersion(process.versions.node)
  const fixed = fixedNodes.find(release => version[0] <= release[0])
  if (!fixed || !isOlder(version, fixed)) return
  process.stderr.write(
    `vivace: Node ${process.versions.node} lacks HTTP/2 fixes, use ${fixed.join('.')} or newer\n`,
  )
}

function isNewEnough(version) {
  return !isOlder(parseVersion(version), oldestNode)
}

function parseVersion(text) {
  return text.replace(/^v/, '').split('.').map(Number)
}

function isOlder(version, than) {
  for (let i = 0; i < than.length; i++) {
    if (version[i] !== than[i]) return !(version[i] > than[i])
  }
  return false
}

/** Path of a Node that is new enough, or undefined: the recorded one, PATH, npm. */
function findNode(recordPath) {
  const candidates = recorded(recordPath).concat(nodesOnPath())
  return candidates.find(runsNewEnough) || [nodeFromNpm()].find(runsNewEnough)
}

function recorded(recordPath) {
  try {
    return [readFileSync(recordPath, 'utf8').trim()]
  } catch {
    // Nothing was recorded: the search goes on.
    return []
  }
}

function nodesOnPath() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const paths = (process.env.PATH || '')
    .split(delimiter)
    .filter(directory => directory !== '')
    .map(directory => join(directory, name))
    .filter(existsSync)
    .map(path => realpathSync(path))
  return paths.filter((path, i) => paths.indexOf(path) === i)
}

function runsNewEnough(path) {
  if (!path) return false
  const result = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: versionTimeoutMs })
  return result.status === 0 && isNewEnough(result.stdout.trim())
}

/**
 * npm has Node's binaries as packages. The one for Linux needs no install script; where scripts are
 * off, the package `node` would silently run the old Node, so they are switched on for it alone.
 */
function nodeFromNpm() {
  process.stderr.write(
    `vivace: Node ${process.version} is too old, asking npm for Node ${wantedMajor}\n`,
  )
  const wanted =
    process.platform === 'linux'
      ? ['-p', `node-linux-${process.arch}@${wantedMajor}`]
      : ['--ignore-scripts=false', '-p', `node@${wantedMajor}`]
  // npx is a command file on Windows, which takes a shell and its quotes.
  const shell = process.platform === 'win32'
  const command = shell ? '"node -p process.execPath"' : 'node -p process.execPath'
  const result = spawnSync('npx', ['-y', ...wanted, '-c', command], {
    encoding: 'utf8',
    timeout: npxTimeoutMs,
    stdio: ['ignore', 'pipe', 'ignore'],
    shell,
  })
  return result.status === 0 ? result.stdout.trim() : undefined
}

/** Flags such as --max-old-space-size go along; the debugger's port is taken by this process. */
function argumentsForNode() {
  return process.execArgv.filter(flag => !flag.startsWith('--inspect'))
}

/** Stands in for `binary args`: standard streams, signals and the exit code are its own. */
function relay(binary, args) {
  // In a session of its own, since a terminal sends Ctrl-C to each process of the foreground: the
  // child would see it twice, and a second one means "at once".
  const child = spawn(binary, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [guardVariable]: '1' },
    detached: process.platform !== 'win32',
  })
  const lastMs = {}
  for (const signal of relayedSignals) {
    process.on(signal, () => {
      const isSamePress = Date.now() - (lastMs[signal] || 0) < samePressMs
      lastMs[signal] = Date.now()
      if (!isSamePress) child.kill(signal)
    })
  }
  child.on('error', error => fail(`cannot run ${binary}: ${error.message}`))
  child.on('exit', (code, signal) => {
    // As a shell would say it; killing oneself instead does not work for the first process of a
    // container.
    process.exit(signal === null ? code : 128 + constants.signals[signal])
  })
}

function dieWithParent() {
  // No channel at all: somebody else set the variable.
  if (process.connected === undefined) return
  const die = () => process.kill(process.pid, 'SIGKILL')
  if (!process.connected) die()
  process.on('disconnect', die)
  // Listening must not keep a server alive that has nothing else to do.
  process.channel.unref()
}
