import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'

/** The stub that a real build makes, in front of a toy server, on this Node and on an old one. */

interface Hello {
  readonly pid: number
  readonly version: string
  readonly args: string[]
  readonly guards: string[]
}

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const directory = mkdtempSync(join(tmpdir(), 'vivace-stub-'))
const stub = join(directory, 'dist/tempo.js')
const record = join(directory, 'dist/node-path.txt')
/** The only folder on PATH: nothing is found but what a test puts there. */
const onPath = join(directory, 'bin')
const oldNode = findOldNode()
const children = new Set<ChildProcess>()

const always = suite('stub on a Node that is new enough')
const old = suite('stub on an old Node')

always.before(build)
always('runs the server in its own process', async () => {
  const child = start(process.execPath, ['exit', '7'])
  const ended = await end(child)
  const hello = helloIn(ended.stdout)
  assert.is(hello.pid, child.pid)
  assert.equal(hello.args, ['exit', '7'])
  assert.is(ended.code, 7)
})

always('tells a failing start in one line', async () => {
  const ended = await end(start(process.execPath, ['fail']))
  assert.is(ended.code, 1)
  assert.is(withoutNodeWarning(ended.stderr), 'vivace: the port is taken\n')
})

always('a guard variable that somebody set by hand does no harm', async () => {
  const ended = await end(start(process.execPath, ['exit', '0'], { VIVACE_NODE_FOUND: '1' }))
  assert.is(ended.code, 0)
  assert.equal(helloIn(ended.stdout).guards, [])
})

always('the build keeps licences and source maps', () => {
  assert.ok(existsSync(join(directory, 'dist/third-party-licenses.txt')))
  assert.ok(existsSync(join(directory, 'dist/server.js.map')))
  assert.is(readFileSync(record, 'utf8'), process.execPath)
})

/** The tests below need an old Node; without one they count as skipped. */
const onOld: (name: string, test: (node: string) => Promise<void>) => void = (name, test) => {
  if (oldNode === null) return old.skip(name)
  old(name, () => test(oldNode))
}

old.before.each(() => {
  rmSync(onPath, { recursive: true, force: true })
  mkdirSync(onPath)
  if (oldNode !== null) symlinkSync(oldNode, join(onPath, 'node'))
  writeFileSync(record, process.execPath)
})
old.after(() => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

onOld('runs the server in the Node that the build recorded', async node => {
  const child = start(node, ['exit', '7', '--target=all'])
  const ended = await end(child)
  const hello = helloIn(ended.stdout)
  assert.is(hello.version, process.version)
  assert.is.not(hello.pid, child.pid)
  assert.equal(hello.args, ['exit', '7', '--target=all'])
  assert.equal(hello.guards, [])
  assert.is(ended.code, 7)
  assert.is(withoutNodeWarning(ended.stderr), '')
})

onOld('passes flags of Node on', async node => {
  const child = spawn(node, ['--max-old-space-size=512', stub, 'exit', '0'], childOptions())
  const ended = await end(child)
  assert.is(ended.code, 0)
})

onOld('finds a newer Node on PATH when the recorded one is gone', async node => {
  writeFileSync(record, join(directory, 'gone'))
  const newer = join(directory, 'newer')
  mkdirSync(newer, { recursive: true })
  rmSync(join(newer, 'node'), { force: true })
  symlinkSync(process.execPath, join(newer, 'node'))
  const ended = await end(start(node, ['exit', '0'], { PATH: [onPath, newer, ''].join(delimiter) }))
  assert.is(helloIn(ended.stdout).version, process.version)
})

onOld('asks npm for one when there is none', async node => {
  rmSync(record)
  const said = join(directory, 'npx-arguments')
  program('npx', `printf '%s\\n' "$*" > '${said}'; echo '${process.execPath}'`)
  const ended = await end(start(node, ['exit', '0']))
  assert.is(helloIn(ended.stdout).version, process.version)
  assert.match(ended.stderr, /^vivace: Node v[\d.]+ is too old, asking npm for Node 24\n$/)
  const wanted =
    process.platform === 'linux'
      ? `-p node-linux-${process.arch}@24`
      : '--ignore-scripts=false -p node@24'
  assert.is(readFileSync(said, 'utf8'), `-y ${wanted} -c node -p process.execPath\n`)
})

onOld('says in one line that there is no newer Node', async node => {
  rmSync(record)
  program('npx', 'exit 1')
  const ended = await end(start(node, ['exit', '0']))
  assert.is(ended.code, 1)
  assert.is(ended.stdout, '')
  assert.match(
    ended.stderr,
    /^vivace: Node .*\nvivace: needs Node 22\.18\.0 or newer, this is .*\n$/,
  )
})

onOld('does not start itself for ever when a Node lies about its version', async node => {
  const liar = program(
    'liar',
    `[ "$1" = --version ] && echo v24.99.0 && exit; echo run >> '${directory}/runs'; exec '${node}' "$@"`,
  )
  writeFileSync(record, liar)
  const ended = await end(start(node, ['exit', '0']))
  assert.is(ended.code, 1)
  assert.match(ended.stderr, /^vivace: the Node found in place of an old one is v[\d.]+ itself\n$/)
  assert.is(readFileSync(join(directory, 'runs'), 'utf8'), 'run\n')
})

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  onOld(`passes ${signal} on and waits for the server`, async node => {
    const child = start(node, ['stay', '0'])
    await hello(child)
    child.kill(signal)
    const ended = await end(child)
    assert.is(ended.code, 3)
    assert.is(lastLine(ended.stdout), `["${signal}"]`)
  })
}

onOld('one press of Ctrl-C that arrives twice is one', async node => {
  const child = start(node, ['stay', '600'])
  await hello(child)
  child.kill('SIGINT')
  await pause(50)
  child.kill('SIGINT')
  assert.is(lastLine((await end(child)).stdout), '["SIGINT"]')
})

onOld('a second press reaches the server', async node => {
  const child = start(node, ['stay', '1500'])
  await hello(child)
  child.kill('SIGINT')
  await pause(500)
  child.kill('SIGINT')
  assert.is(lastLine((await end(child)).stdout), '["SIGINT","SIGINT"]')
})

onOld('killing the stub kills the server within a second', async node => {
  const child = start(node, ['stay', '0'])
  const { pid } = await hello(child)
  assert.is.not(pid, child.pid)
  const startMs = performance.now()
  child.kill('SIGKILL')
  // Not its pid but its end of the pipes tells: a dead process may wait for somebody to reap it.
  const ended = await end(child)
  assert.is(ended.signal, 'SIGKILL')
  assert.ok(performance.now() - startMs < 1_000)
})

onOld('a server that a signal ends gives the code that a shell gives', async node => {
  assert.is((await end(start(node, ['die', 'SIGKILL']))).code, 137)
  assert.is((await end(start(node, ['die', 'SIGTERM']))).code, 143)
})

onOld('tells a failing start in one line', async node => {
  const ended = await end(start(node, ['fail']))
  assert.is(ended.code, 1)
  assert.is(withoutNodeWarning(ended.stderr), 'vivace: the port is taken\n')
})

onOld('the launcher of the scripts does the same', async node => {
  const toy = 'test/stub/toy-server.ts'
  const PATH = [onPath, join(process.execPath, '..')].join(delimiter)
  const child = spawn(node, ['scripts/node24.mjs', toy, 'stay', '0'], childOptions({ PATH }))
  const { version, args } = await hello(child)
  assert.is(version, process.version)
  assert.equal(args, ['stay', '0'])
  child.kill('SIGTERM')
  assert.is((await end(child)).code, 3)
})

if (oldNode === null) console.warn('SKIPPED the stub on an old Node: PATH has none before 22.18')
always.run()
old.run()

function build(): void {
  writeFileSync(join(directory, 'package.json'), '{"type":"module"}')
  const args = ['scripts/build.ts', '--entry=test/stub/toy-server.ts', `--out=${directory}/dist`]
  execFileSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] })
}

function findOldNode(): string | null {
  const nodes = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'node'))
  for (const node of [...nodes, '/usr/bin/node', '/usr/local/bin/node']) {
    if (!existsSync(node)) continue
    const said = spawnSync(node, ['--version'], { encoding: 'utf8' }).stdout.trim()
    const [major, minor] = said.slice(1).split('.').map(Number)
    if (major! < 22 || (major === 22 && minor! < 18)) return node
  }
  return null
}

/** An executable shell script on PATH. */
function program(name: string, script: string): string {
  const path = join(onPath, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

function start(node: string, args: string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(node, [stub, ...args], childOptions(env))
}

function childOptions(env: NodeJS.ProcessEnv = {}) {
  const PATH = onPath
  const { npm_lifecycle_event: _, NODE_OPTIONS: __, ...inherited } = process.env
  const stdio: ['ignore', 'pipe', 'pipe'] = ['ignore', 'pipe', 'pipe']
  return { stdio, env: { ...inherited, PATH, ...env } }
}

const outputs = new WeakMap<ChildProcess, { stdout: string; stderr: string }>()

function outputOf(child: ChildProcess): { stdout: string; stderr: string } {
  const known = outputs.get(child)
  if (known) return known
  const output = { stdout: '', stderr: '' }
  outputs.set(child, output)
  children.add(child)
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', piece => {
      output[name] += piece
    })
  }
  return output
}

async function end(child: ChildProcess): Promise<Ended> {
  const output = outputOf(child)
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(resolve =>
    child.once('close', (...ending) => resolve(ending)),
  )
  children.delete(child)
  return { code, signal, ...output }
}

/** Waits for the first line of the server. */
async function hello(child: ChildProcess): Promise<Hello> {
  const output = outputOf(child)
  while (!output.stdout.includes('\n') && child.exitCode === null) await pause(10)
  return helloIn(output.stdout)
}

function helloIn(stdout: string): Hello {
  return JSON.parse(stdout.slice(0, stdout.indexOf('\n')))
}

function lastLine(stdout: string): string {
  return stdout.trimEnd().split('\n').at(-1)!
}

/** The warning of a Node without the HTTP/2 fixes is right, on whatever Node the tests run. */
function withoutNodeWarning(stderr: string): string {
  return stderr.replace(/^vivace: Node .* lacks HTTP\/2 fixes.*\n/, '')
}
