// time limit: 180 s
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { loopback, type Server, startServer, temporaryDirectory } from '../tools/server.ts'
import { encodeSpans, hexId } from '../tools/spans.ts'
import { type Answer, call, metricSum, pushSpans } from '../tools/tempo-api.ts'
import { localTrace, oneProcess } from './one-process.ts'
import { stopsInOrder } from './seed-scenario.ts'

/** What is damaged on disk costs its block and no other, and is never left out in silence. */

const tracesInBlock = 5
const directory = await temporaryDirectory()
const blocks = join(directory.path, 'blocks')
const localBlocks = join(directory.path, 'wal', 'blocks')
const host = loopback(1)
let sent = 0
let server: Server
const test = suite('e2e of damaged blocks')

test('the server has three blocks', async () => {
  await start()
  for (let block = 0; block < 3; block++) {
    await push()
    assert.is((await call(`${server.url}/flush`)).status, 204)
  }
  await findsAll(3 * tracesInBlock)
})

test('a block that rots while the server runs is left out, and that is said', async () => {
  await damage(await dataOf(blocks, 0))
  // The server holds of it what was read already.
  await findsPart(2 * tracesInBlock, /1 damaged blocks are left out/, '{ span.number >= 0 }')
  await findsPart(2 * tracesInBlock, /1 damaged blocks are left out/)
})

test('and after a restart as well', async () => {
  await stopsInOrder(server)
  await start()
  await findsPart(2 * tracesInBlock, /1 damaged blocks are left out/)
})

test('a block of a newer version is refused, and the others are served', async () => {
  await stopsInOrder(server)
  const description = join(await directoryOf(blocks, 1), 'block.json')
  const written = JSON.parse(await readFile(description, 'utf8')) as { version: number }
  await writeFile(description, JSON.stringify({ ...written, version: written.version + 1 }))
  await makeNewer(await dataOf(blocks, 1))
  await start()
  await findsPart(tracesInBlock, /2 damaged blocks are left out/)
  assert.match(server.output, /block cannot be read.*version/)
  assert.is(await metricSum(server, 'vivace_querier_damaged_blocks'), 2)
})

test('a local block that rots costs one query', async () => {
  await stopsInOrder(server)
  await rm(blocks, { recursive: true })
  await start()
  await freezeOnly()
  await push()
  await findsAll(2 * tracesInBlock)
  await damage(await dataOf(localBlocks, 0))
  const first = await search('{ span.number >= 0 }')
  assert.is(first.status, 503, first.body.toString())
  assert.match(first.body.toString(), /data\.vblk.*left out from now on/)
  await findsPart(tracesInBlock, /1 damaged local blocks/, '{ span.number >= 0 }')
  assert.is(await metricSum(server, 'vivace_ingester_damaged_blocks'), 1)
  assert.match(server.output, /local block cannot be read and is left aside/)
})

test('and the others are uploaded', async () => {
  assert.is((await call(`${server.url}/flush`)).status, 204)
  assert.is((await readdir(join(blocks, 'single-tenant'))).length - 1, 1, 'a block beside the log')
  await findsPart(tracesInBlock, /1 damaged local blocks/)
})

test('a local block that does not open after a restart is missed, too', async () => {
  await stopsInOrder(server)
  const path = await dataOf(localBlocks, 0)
  await writeFile(path, (await readFile(path)).subarray(0, -1))
  await start()
  await findsPart(tracesInBlock, /1 damaged local blocks/)
  assert.is(await metricSum(server, 'vivace_ingester_damaged_blocks'), 1)
  await stopsInOrder(server)
})

async function start(): Promise<void> {
  const sections = { compactor: { disabled: true } }
  const options = { host, directory: directory.path, trace: localTrace(directory.path), sections }
  server = await startServer(await oneProcess(options))
}

async function push(): Promise<void> {
  const startNs = BigInt(Date.now()) * 1_000_000n
  const spans = Array.from({ length: tracesInBlock }, () => {
    sent++
    const ids = { traceId: hexId(sent, 32), spanId: hexId(sent, 16) }
    return { ...ids, name: 'work', startNs, durationNs: 1000n, attributes: { number: sent } }
  })
  assert.is((await pushSpans(host, encodeSpans('shop', spans))).status, 200)
}

/** A flush that cannot upload leaves a local block. */
async function freezeOnly(): Promise<void> {
  await push()
  const folder = join(blocks, 'single-tenant')
  await mkdir(blocks, { recursive: true })
  await writeFile(folder, 'no directory')
  assert.ok((await call(`${server.url}/flush`)).status >= 500)
  await rm(folder)
}

/** The first of the blocks below a directory, in the order in which they were made, or a later. */
async function directoryOf(root: string, index: number): Promise<string> {
  const found: { path: string; madeMs: number }[] = []
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (entry.name !== 'block.json') continue
    const path = entry.parentPath
    found.push({ path, madeMs: (await stat(join(path, 'block.json'))).mtimeMs })
  }
  return found.sort((a, b) => a.madeMs - b.madeMs)[index]!.path
}

async function dataOf(root: string, index: number): Promise<string> {
  return join(await directoryOf(root, index), 'data.vblk')
}

/** Flips bits in every part of the file but its end: it still opens. */
async function damage(path: string): Promise<void> {
  const file = await open(path, 'r+')
  const bytes = await file.readFile()
  for (let at = 16; at < bytes.length / 2; at += 5) bytes[at] = bytes[at]! ^ 0x55
  await file.write(bytes, 0, bytes.length, 0)
  await file.close()
}

/** The version is the last but one word of the file. */
async function makeNewer(path: string): Promise<void> {
  const bytes = await readFile(path)
  bytes.writeUInt32LE(bytes.readUInt32LE(bytes.length - 8) + 1, bytes.length - 8)
  await writeFile(path, bytes)
}

function search(q: string): Promise<Answer> {
  return call(`${server.url}/api/search?${new URLSearchParams({ q, limit: '100' })}`)
}

function tracesOf({ status, body }: Answer): number {
  assert.is(status, 200, body.toString())
  return (JSON.parse(body.toString()) as { traces: unknown[] }).traces.length
}

async function findsAll(traces: number): Promise<void> {
  const answer = await search('{}')
  assert.is(tracesOf(answer), traces)
  assert.is(answer.headers.get('x-vivace-partial'), null)
}

async function findsPart(traces: number, says: RegExp, q = '{}'): Promise<void> {
  const answer = await search(q)
  assert.is(tracesOf(answer), traces)
  assert.match(answer.headers.get('x-vivace-partial') ?? '', says)
}

test.after(async () => {
  await server?.end('SIGKILL')
  await directory.remove()
})

test.run()
