import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AssertionError } from '../../base/assert.ts'
import { ManualClock } from '../../base/clock.ts'
import { fail } from '../../base/errors.ts'
import { FaultDisk } from '../../base/fault-disk.ts'
import { CheckThenPutStore } from './check-then-put.ts'
import { CountingStore, type StoreCall, StoreTally } from './counting.ts'
import { FaultyStore } from './faulty.ts'
import { ForwardingStore } from './forwarding.ts'
import { MemoryStore } from './memory.ts'
import type { UploadSource } from './object-store.ts'
import { PrefixedStore } from './prefixed.ts'
import { probeConditionalPut } from './probe.ts'
import { bytesSource, fileSource, streamSource } from './upload-source.ts'

const clock = new ManualClock()
const text = (value: string) => Buffer.from(value)

async function codeOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
    return 'none'
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}

const counting = suite('counting store')

counting('counts requests and bytes by operation, failures too', async () => {
  const calls: StoreCall[] = []
  const tally = new StoreTally()
  const metrics = {
    called(call: StoreCall) {
      calls.push(call)
      tally.called(call)
    },
  }
  const store = new CountingStore(new MemoryStore(clock), metrics, clock)
  await store.put('a', text('12345'))
  await store.putIfAbsent('a', text('123'))
  await store.putIfAbsent('b', text('123'))
  await store.upload('c', bytesSource(text('1234567')))
  await store.getRange('a', 1, 2)
  await codeOf(() => store.get('missing'))
  await store.head('a')
  for await (const _ of store.list('')) break
  await store.delete('a')
  assert.equal(
    calls.map(({ operation, bytes, outcome }) => `${operation} ${bytes} ${outcome}`),
    [
      'put 5 ok',
      'putIfAbsent 0 ok',
      'putIfAbsent 3 ok',
      'upload 7 ok',
      'getRange 2 ok',
      'get 0 NOT_FOUND',
      'head 0 ok',
      'list 0 ok',
      'delete 0 ok',
    ],
  )
  assert.is(tally.requestsOf('putIfAbsent'), 2)
  assert.is(tally.bytesOf('upload'), 7)
})
counting.run()

const faulty = suite('faulty store')

faulty('fails the n-th call, before or after it happened', async () => {
  const memory = new MemoryStore(clock)
  const store = new FaultyStore(memory, clock)
  store.failCall(2)
  store.failCall(3, 'after', fail('TIMEOUT', 'too slow'))
  await store.put('a', text('1'))
  assert.is(await codeOf(() => store.put('b', text('1'))), 'UNAVAILABLE')
  assert.is(await codeOf(() => store.put('c', text('1'))), 'TIMEOUT')
  await store.put('d', text('1'))
  assert.equal([await memory.head('b'), await memory.head('c')], [null, 1])
})

faulty('waits as long as it is told to', async () => {
  const store = new FaultyStore(new MemoryStore(clock), clock)
  store.delayMs = 50
  let done = false
  const put = store.put('a', text('1')).then(() => {
    done = true
  })
  clock.advance(49)
  await Promise.resolve()
  assert.is(done, false)
  clock.advance(1)
  await put
  assert.is(done, true)
})
faulty.run()

const probe = suite('probe of conditional puts')

probe('trusts a store that keeps its word, and cleans up', async () => {
  const memory = new MemoryStore(clock)
  assert.is(await probeConditionalPut(memory, 'n1'), true)
  for await (const { key } of memory.list('')) assert.unreachable(key)
})

probe('finds out a store that ignores the condition', async () => {
  const store = new FaultyStore(new MemoryStore(clock), clock)
  store.lies = true
  assert.is(await probeConditionalPut(store, 'n1'), false)
})

probe('finds out a store that looks first and puts later', async () => {
  const memory = new MemoryStore(clock)
  const racy = {
    get: (key: string) => memory.get(key),
    delete: (key: string) => memory.delete(key),
    async putIfAbsent(key: string, bytes: Uint8Array) {
      const there = (await memory.head(key)) !== null
      await Promise.resolve()
      if (!there) await memory.put(key, bytes)
      return !there
    },
  }
  assert.is(await probeConditionalPut(racy, 'n1'), false)
})

probe(
  'takes a store that refuses the condition for one without, but not one that is away',
  async () => {
    class Refusing extends ForwardingStore {
      readonly #code: 'UNIMPLEMENTED' | 'UNAVAILABLE'
      constructor(code: 'UNIMPLEMENTED' | 'UNAVAILABLE') {
        super(new MemoryStore(clock))
        this.#code = code
      }
      override async putIfAbsent(): Promise<boolean> {
        throw fail(this.#code, 'no')
      }
    }
    assert.is(await probeConditionalPut(new Refusing('UNIMPLEMENTED'), 'n'), false)
    const away = new Refusing('UNAVAILABLE')
    assert.is(await codeOf(() => probeConditionalPut(away, 'n')), 'UNAVAILABLE')
  },
)

probe('where it failed, looking first is what is left', async () => {
  const lying = new FaultyStore(new MemoryStore(clock), clock)
  lying.lies = true
  const store = new CheckThenPutStore(lying)
  assert.is(await store.putIfAbsent('a', text('1')), true)
  assert.is(await store.putIfAbsent('a', text('2')), false)
  assert.is(Buffer.from(await store.get('a')).toString(), '1')
  assert.is(await store.probeConditionalPut(), false)
})
probe.run()

const prefixed = suite('prefixed store')

prefixed('keeps to its folder', async () => {
  const memory = new MemoryStore(clock)
  const store = new PrefixedStore(memory, 'vivace/prod/')
  await store.put('a/b', text('1'))
  await memory.put('vivace/production/c', text('2'))
  assert.is(await memory.head('vivace/prod/a/b'), 1)
  const found: string[] = []
  for await (const { key } of store.list('')) found.push(key)
  assert.equal(found, ['a/b'])
  for (const key of ['', '../production/c', '/a']) {
    try {
      await store.get(key)
      assert.unreachable(key)
    } catch (error) {
      assert.instance(error, AssertionError)
    }
  }
  assert.throws(() => new PrefixedStore(memory, 'a/../b'), /object key/)
})
prefixed.run()

const sources = suite('upload sources')

async function piecesOf(source: UploadSource, pieceBytes: number): Promise<string[]> {
  const pieces: string[] = []
  for await (const piece of source.pieces(pieceBytes)) pieces.push(Buffer.from(piece).toString())
  return pieces
}

async function* chunks(...values: string[]): AsyncGenerator<Uint8Array> {
  for (const value of values) yield text(value)
}

sources('come in pieces of one size, however they were made', async () => {
  const disk = new FaultDisk()
  disk.mkdirpSync('/d')
  disk.writeFileAtomicSync('/d/f', text('abcdefgh'))
  for (const source of [
    bytesSource(text('abcdefgh')),
    await fileSource(disk, '/d/f'),
    streamSource(chunks('a', '', 'bcdefg', 'h'), 8),
  ]) {
    assert.is(source.size, 8)
    assert.equal(await piecesOf(source, 3), ['abc', 'def', 'gh'])
  }
  assert.equal(await piecesOf(streamSource(chunks('abcd', 'efgh'), 8), 4), ['abcd', 'efgh'])
  assert.equal(await piecesOf(streamSource(chunks(), 0), 4), [])
})

sources('must be as long as they say', async () => {
  for (const [size, message] of [
    [7, /longer/],
    [9, /shorter/],
  ] as const) {
    try {
      await piecesOf(streamSource(chunks('abcd', 'efgh'), size), 3)
      assert.unreachable()
    } catch (error) {
      assert.match((error as Error).message, message)
    }
  }
})
sources.run()
