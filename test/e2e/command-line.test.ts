// time limit: 120 s
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { smallBlock } from '../../src/storage/block/small-block-fixture.ts'
import { loopback, Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { localTrace, oneProcess } from './one-process.ts'
import { stopsInOrder } from './seed-scenario.ts'

/** What a person sees who starts the server by hand, rightly or not. */

const directory = await temporaryDirectory()
const host = loopback(1)
const test = suite('e2e of the command line')

interface Printed {
  readonly code: number | null
  readonly output: string
}

async function runs(...args: string[]): Promise<Printed> {
  const server = new Server({ host, args })
  const { code } = await server.ended()
  return { code, output: server.output }
}

async function file(name: string, text: string): Promise<string> {
  const path = join(directory.path, name)
  await writeFile(path, text)
  return path
}

const goodYaml =
  'storage: {trace: {backend: memory}}\ndistributor: {receivers: {otlp: {protocols: {http: }}}}\n'

for (const flag of ['-version', '--version']) {
  test(flag, async () => {
    const { code, output } = await runs(flag)
    assert.is(code, 0)
    assert.match(output, /^vivace, version \d+\.\d+\.\d+ \(node v\d+/)
  })
}

for (const flag of ['-help', '--help', '-h']) {
  test(flag, async () => {
    const { code, output } = await runs(flag)
    assert.is(code, 0)
    for (const name of [
      '-config.file',
      '-target',
      '-storage.trace.backend',
      '-server.http-listen-port',
    ]) {
      assert.match(output, `  ${name} `)
    }
  })
}

test('-config.verify of a good file', async () => {
  const path = await file('good.yaml', goodYaml)
  for (const flag of ['-config.verify', '-config.verify=true', '--config.verify=true']) {
    const { code, output } = await runs(`-config.file=${path}`, flag)
    assert.is(code, 0, output)
    assert.is(output, '')
  }
})

test('-config.verify of a file with a warning', async () => {
  const path = await file('warning.yaml', `${goodYaml}auth_enabled: true\n`)
  const { code, output } = await runs(`-config.file=${path}`, '-config.verify=true')
  assert.is(code, 1)
  assert.match(output, /warning: auth_enabled is the old name of multitenancy_enabled/)
})

test('an unknown key', async () => {
  const path = await file('key.yaml', `${goodYaml}server:\n  http_listen_prot: 3200\n`)
  const { code, output } = await runs(`-config.file=${path}`)
  assert.is(code, 2)
  assert.match(output, `${path}:4:3: `)
  assert.match(output, /http_listen_prot/)
  assert.match(output, /did you mean.*http_listen_port/)
})

test('a value of the wrong kind', async () => {
  const path = await file('value.yaml', `${goodYaml}server:\n  http_listen_port: many\n`)
  const { code, output } = await runs(`-config.file=${path}`)
  assert.is(code, 2)
  assert.match(output, `${path}:4:21: `)
})

const wrong: readonly (readonly [what: string, yaml: string, says: RegExp])[] = [
  ['a bad duration', 'ingester:\n  max_block_duration: 10x\n', /:2:\d+: .*max_block_duration/],
  ['a list for a map', 'storage:\n  - trace\n', /:2:\d+: .*storage/],
  ['no backend', 'server:\n  log_format: json\n', /storage\.trace\.backend/],
]

for (const [what, yaml, says] of wrong) {
  test(what, async () => {
    const path = await file('wrong.yaml', yaml)
    for (const verify of [[], ['-config.verify']]) {
      const { code, output } = await runs(...verify, `-config.file=${path}`)
      assert.is(code, 2, output)
      assert.match(output, path)
      assert.match(output, says)
      assert.not.match(output, /\n {4}at /, 'no stack trace')
    }
  })
}

test('a file that is no YAML', async () => {
  const path = await file('broken.yaml', 'server: {\n')
  const { code, output } = await runs(`-config.file=${path}`)
  assert.is(code, 2)
  assert.match(output, `${path}:`)
})

test('a file that is not there', async () => {
  const path = join(directory.path, 'none.yaml')
  const { code, output } = await runs(`-config.file=${path}`)
  assert.is(code, 2)
  assert.match(output, /none\.yaml: cannot be read/)
})

test('an unknown flag', async () => {
  const { code, output } = await runs('-server.http-listen-prot=3200')
  assert.is(code, 2)
  assert.match(output, /unknown flag -server\.http-listen-prot/)
  assert.match(output, /did you mean -server\.http-listen-port/)
})

test('an unknown target, and a word that is no flag', async () => {
  assert.is((await runs('-target=everything')).code, 2)
  const { code, output } = await runs('start')
  assert.is(code, 2)
  assert.match(output, /unexpected argument "start"/)
})

test('several things that are wrong are all said', async () => {
  const path = await file('two.yaml', 'one: 1\ntwo: 2\n')
  const { code, output } = await runs(`-config.file=${path}`, '-three=3')
  assert.is(code, 2)
  for (const name of ['one', 'two', 'three']) assert.match(output, name)
})

const listeners = [
  [3200, 'server.http_listen_port'],
  [9095, 'server.grpc_listen_port'],
  [4317, 'distributor.receivers.otlp.protocols.grpc.endpoint'],
  [4318, 'distributor.receivers.otlp.protocols.http.endpoint'],
  [16_686, 'vivace.jaeger_query.http_listen_port'],
] as const

for (const [port, setting] of listeners) {
  test(`port ${port} that is taken`, async () => {
    const blocker = createServer()
    await new Promise<void>(resolve => blocker.listen(port, host, resolve))
    try {
      const trace = localTrace(directory.path)
      const { args } = await oneProcess({ host, directory: directory.path, trace })
      const { code, output } = await runs(...args)
      assert.is(code, 1, output)
      assert.match(output, `${host}:${port}`)
      assert.match(output, /the port is taken by another process/)
      assert.match(output, setting)
      assert.not.match(output, /\n {4}at /, 'no stack trace')
    } finally {
      await new Promise(resolve => blocker.close(resolve))
    }
  })
}

test('block verify and block inspect', async () => {
  const path = join(directory.path, 'data.vblk')
  const block = smallBlock()
  await writeFile(path, block)
  const good = await runs('block', 'verify', path)
  const size = block.length.toLocaleString('en')
  assert.equal([good.code, good.output], [0, `1 block, ${size} bytes: nothing is wrong\n`])
  const { code, output } = await runs('block', 'inspect', path)
  assert.is(code, 0)
  assert.match(output, '4 spans, 3 traces, 1 group')
  block[100] = block[100]! ^ 1
  await writeFile(path, block)
  const damaged = await runs('block', 'verify', path)
  assert.is(damaged.code, 1)
  assert.match(damaged.output, `${path}: column `)
  assert.is((await runs('block', 'verify')).code, 2)
})

test('a data directory that is in use', async () => {
  const trace = localTrace(directory.path)
  const first = await startServer(await oneProcess({ host, directory: directory.path, trace }))
  try {
    const other = loopback(2)
    const { args } = await oneProcess({ host: other, directory: directory.path, trace })
    const { code, output } = await runs(...args)
    assert.is(code, 1, output)
    assert.match(output, /is in use by another process/)
    assert.match(output, /storage\.trace\.wal\.path/)
    assert.ok(first.isRunning)
    await first.ready()
  } finally {
    await stopsInOrder(first)
  }
})

test('a second SIGTERM ends at once', async () => {
  const trace = localTrace(directory.path)
  const delayed = await oneProcess({
    host,
    directory: directory.path,
    trace,
    sections: { shutdown_delay: '30s' },
  })
  const server = await startServer(delayed)
  const ended = server.end('SIGTERM')
  while (!server.output.includes('stopping')) await new Promise(resolve => setTimeout(resolve, 10))
  // What comes at once is the same press of a key, passed on twice.
  await new Promise(resolve => setTimeout(resolve, 1000))
  process.kill(server.pid, 'SIGTERM')
  const { code, tookMs } = await ended
  assert.is(code, 1)
  assert.ok(tookMs < 5000)
})

test.after(() => directory.remove())

test.run()
