// time limit: 120 s
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loopback, Server, temporaryDirectory } from '../tools/server.ts'
import { localTrace, oneProcess } from './one-process.ts'

/** What the program says and ends with when it does not serve. */

const directory = await temporaryDirectory()
const host = loopback(1)
const good = await oneProcess({
  host,
  directory: directory.path,
  trace: localTrace(directory.path),
})
const test = suite('e2e of the command line')

async function runs(...args: string[]): Promise<{ code: number | null; output: string }> {
  const server = new Server({ host, args })
  const { code } = await server.ended()
  return { code, output: server.output }
}

async function written(name: string, text: string): Promise<string> {
  const path = join(directory.path, name)
  await writeFile(path, text)
  return path
}

test('-version and -help end with 0', async () => {
  for (const flag of ['-version', '--version']) {
    const { code, output } = await runs(flag)
    assert.is(code, 0)
    assert.match(output, /^vivace, version \d+\.\d+\.\d+/)
  }
  const { code, output } = await runs('-help')
  assert.is(code, 0)
  assert.match(output, /-config\.file/)
  assert.match(output, /-target/)
})

test('-config.verify accepts a good file without serving', async () => {
  const { code, output } = await runs('-config.verify', ...good.args)
  assert.is(code, 0, output)
  assert.is(output, '')
})

test('an unknown key is named with its place', async () => {
  const path = await written('unknown.yaml', 'server:\n  log_format: json\n  log_fromat: json\n')
  for (const verify of [[], ['-config.verify']]) {
    const { code, output } = await runs(...verify, `-config.file=${path}`)
    assert.is(code, 2)
    assert.ok(output.includes(`${path}:3:3: `), output)
    assert.match(output, /log_fromat/)
  }
})

const wrong: readonly (readonly [what: string, yaml: string, says: RegExp])[] = [
  ['a bad value', 'server:\n  http_listen_port: many\n', /:2:\d+: .*http_listen_port/],
  ['no YAML', 'server:\n  [\n', /:\d+:\d+: not YAML/],
  ['a bad duration', 'ingester:\n  max_block_duration: 10x\n', /:2:\d+: .*max_block_duration/],
  ['a list for a map', 'storage:\n  - trace\n', /:2:\d+: .*storage/],
  ['no backend', 'server:\n  log_format: json\n', /storage\.trace\.backend/],
]

for (const [what, yaml, says] of wrong) {
  test(`${what} ends with 2`, async () => {
    const path = await written('wrong.yaml', yaml)
    const { code, output } = await runs(`-config.file=${path}`)
    assert.is(code, 2, output)
    assert.ok(output.includes(path), output)
    assert.match(output, says)
    assert.not.match(output, /\n {4}at /)
  })
}

test('wrong flags end with 2', async () => {
  for (const flag of ['-bogus=1', '-target=nothing', '-config.file=/does/not/exist.yaml']) {
    const { code, output } = await runs(flag)
    assert.is(code, 2, `${flag}: ${output}`)
    assert.ok(output.trim().length > 0, flag)
    assert.not.match(output, /\n {4}at /)
  }
})

test('a port that is taken is named by its setting', async () => {
  const settings: readonly (readonly [number, string])[] = [
    [3200, 'server.http_listen_port'],
    [9095, 'server.grpc_listen_port'],
    [4317, 'distributor.receivers.otlp.protocols.grpc.endpoint'],
    [4318, 'distributor.receivers.otlp.protocols.http.endpoint'],
    [16686, 'vivace.jaeger_query.http_listen_port'],
  ]
  for (const [port, setting] of settings) {
    const other = createServer()
    await new Promise<void>(resolve => other.listen(port, host, resolve))
    const { code, output } = await runs(...good.args)
    await new Promise(resolve => other.close(resolve))
    assert.is(code, 1, `${port}: ${output}`)
    assert.ok(output.includes(setting), `${port}: ${output}`)
    assert.ok(output.includes(String(port)), `${port}: ${output}`)
  }
})

test('a data directory that is in use is refused', async () => {
  const first = new Server(good)
  await first.ready()
  const second = await runs(
    ...good.args,
    `-server.http-listen-address=${loopback(2)}`,
    `-server.grpc-listen-address=${loopback(2)}`,
  )
  assert.is(second.code, 1, second.output)
  assert.match(second.output, /in use by another process/)
  assert.ok(first.isRunning)
  await first.end('SIGTERM')
})

test.after(() => directory.remove())

test.run()
