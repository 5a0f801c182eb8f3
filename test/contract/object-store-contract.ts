import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { AssertionError } from '../../src/base/assert.ts'
import { Failure } from '../../src/base/errors.ts'
import type {
  ListedObject,
  ListOptions,
  ObjectStore,
} from '../../src/storage/object/object-store.ts'
import { bytesSource, streamSource } from '../../src/storage/object/upload-source.ts'

/** A store to test, or null when it is not available here. Keys below `folder` are free. */
export interface StoreUnderTest {
  readonly store: ObjectStore
}

export interface ContractSubject {
  open(): Promise<StoreUnderTest | null>
  close(): Promise<void>
}

/** What every object store promises, run against one. */
export function objectStoreContract(name: string, subject: ContractSubject): void {
  const test = suite(`object store contract: ${name}`)
  let opened: Promise<StoreUnderTest | null> | null = null
  let folders = 0
  const check = (what: string, work: (store: ObjectStore, folder: string) => Promise<void>) => {
    test(what, async () => {
      opened ??= subject.open()
      const under = await opened
      if (under) await work(under.store, `t${folders++}/`)
    })
  }
  readsAndWrites(check)
  conditionalPuts(check)
  uploads(check)
  listings(check)
  badKeys(check)
  test.after(() => subject.close())
  test.run()
}

type Check = (what: string, work: (store: ObjectStore, folder: string) => Promise<void>) => void

function readsAndWrites(check: Check): void {
  check('gives back what was put, byte for byte', async (store, folder) => {
    const bytes = randomBytes(100_000)
    await store.put(`${folder}a/b.bin`, bytes)
    assert.ok(same(await store.get(`${folder}a/b.bin`), bytes))
    assert.is(await store.head(`${folder}a/b.bin`), bytes.length)
  })

  check('replaces an object', async (store, folder) => {
    await store.put(`${folder}a`, text('a longer first version'))
    await store.put(`${folder}a`, text('second'))
    assert.is(string(await store.get(`${folder}a`)), 'second')
  })

  check('holds empty objects', async (store, folder) => {
    await store.put(`${folder}empty`, new Uint8Array(0))
    assert.is(await store.head(`${folder}empty`), 0)
    assert.is((await store.get(`${folder}empty`)).length, 0)
  })

  check('does not keep the caller’s buffer', async (store, folder) => {
    const bytes = text('before')
    await store.put(`${folder}a`, bytes)
    bytes.fill(120)
    const got = await store.get(`${folder}a`)
    assert.is(string(got), 'before')
    got.fill(121)
    assert.is(string(await store.get(`${folder}a`)), 'before')
  })

  check('says NOT_FOUND, and null for the size, of a missing object', async (store, folder) => {
    await fails('NOT_FOUND', () => store.get(`${folder}missing`))
    await fails('NOT_FOUND', () => store.getRange(`${folder}missing`, 0, 4))
    assert.is(await store.head(`${folder}missing`), null)
    await store.put(`${folder}deep/er/object`, text('x'))
    await fails('NOT_FOUND', () => store.get(`${folder}deep/other`))
  })

  check('reads ranges at the start, in the middle and at the end', async (store, folder) => {
    const bytes = randomBytes(1000)
    await store.put(`${folder}a`, bytes)
    for (const [offset, length] of [
      [0, 1],
      [0, 1000],
      [1, 500],
      [999, 1],
    ] as const) {
      const range = await store.getRange(`${folder}a`, offset, length)
      assert.ok(same(range, bytes.subarray(offset, offset + length)), `${offset}+${length}`)
    }
    assert.is((await store.getRange(`${folder}a`, 5, 0)).length, 0)
  })

  check('calls a range beyond the end corruption, not an answer', async (store, folder) => {
    await store.put(`${folder}a`, randomBytes(10))
    await fails('CORRUPT', () => store.getRange(`${folder}a`, 5, 6))
    await fails('CORRUPT', () => store.getRange(`${folder}a`, 10, 1))
    await fails('CORRUPT', () => store.getRange(`${folder}a`, 500, 1))
  })

  check('deletes, also what is not there', async (store, folder) => {
    await store.put(`${folder}a/b/c`, text('x'))
    await store.put(`${folder}a/b/d`, text('y'))
    await store.delete(`${folder}a/b/c`)
    await store.delete(`${folder}a/b/c`)
    await store.delete(`${folder}never`)
    assert.is(await store.head(`${folder}a/b/c`), null)
    assert.is(string(await store.get(`${folder}a/b/d`)), 'y')
    await store.delete(`${folder}a/b/d`)
    assert.equal(await keys(store, folder), [])
  })
}

function conditionalPuts(check: Check): void {
  check('creates an object once', async (store, folder) => {
    assert.is(await store.putIfAbsent(`${folder}x/1`, text('first')), true)
    assert.is(await store.putIfAbsent(`${folder}x/1`, text('second')), false)
    assert.is(string(await store.get(`${folder}x/1`)), 'first')
    await store.delete(`${folder}x/1`)
    assert.is(await store.putIfAbsent(`${folder}x/1`, text('third')), true)
  })

  check('lets one of many racing creators win', async (store, folder) => {
    const bodies = Array.from({ length: 12 }, (_, i) => `creator ${i}`)
    const made = await Promise.all(
      bodies.map(body => store.putIfAbsent(`${folder}raced`, text(body))),
    )
    assert.is(made.filter(Boolean).length, 1)
    assert.is(string(await store.get(`${folder}raced`)), bodies[made.indexOf(true)])
  })

  check('finds its own conditional puts dependable', async store => {
    assert.is(await store.probeConditionalPut(), true)
    assert.equal(await keys(store, '_vivace/probe/'), [])
  })
}

function uploads(check: Check): void {
  check('uploads an object of several parts', async (store, folder) => {
    const bytes = randomBytes(12 * 1024 * 1024 + 17)
    await store.upload(`${folder}big`, bytesSource(bytes))
    assert.is(await store.head(`${folder}big`), bytes.length)
    const at = 5 * 1024 * 1024 - 3
    assert.ok(same(await store.getRange(`${folder}big`, at, 6), bytes.subarray(at, at + 6)))
    assert.ok(same(await store.get(`${folder}big`), bytes))
  })

  check('uploads small and empty objects, and streams', async (store, folder) => {
    await store.upload(`${folder}small`, bytesSource(text('small')))
    await store.upload(`${folder}empty`, bytesSource(new Uint8Array(0)))
    const stream = async function* () {
      yield text('in ')
      yield text('pieces')
    }
    await store.upload(`${folder}stream`, streamSource(stream(), 9))
    assert.is(string(await store.get(`${folder}small`)), 'small')
    assert.is(await store.head(`${folder}empty`), 0)
    assert.is(string(await store.get(`${folder}stream`)), 'in pieces')
  })

  check('leaves nothing of an upload whose source fails', async (store, folder) => {
    const stream = async function* () {
      yield randomBytes(9 * 1024 * 1024)
      throw new Error('the source failed')
    }
    const source = streamSource(stream(), 20 * 1024 * 1024)
    await rejects(() => store.upload(`${folder}broken`, source), /the source failed/)
    assert.is(await store.head(`${folder}broken`), null)
    assert.equal(await keys(store, folder), [])
  })
}

function listings(check: Check): void {
  const names = ['a', 'b-c', 'b/1', 'b/2', 'b0', 'c/d/e', 'c/d/f', 'ü/1']
  const fill = (store: ObjectStore, folder: string) =>
    Promise.all(names.map(name => store.put(folder + name, text(name))))

  check('lists keys in the order of their bytes, with sizes and times', async (store, folder) => {
    await fill(store, folder)
    assert.equal(await keys(store, folder), names)
    const listed = await collect(store, `${folder}b/`)
    assert.equal(
      listed.map(({ size, isFolder }) => [size, isFolder]),
      [
        [3, false],
        [3, false],
      ],
    )
    assert.ok(listed.every(({ lastModifiedMs }) => Math.abs(lastModifiedMs - Date.now()) < 600_000))
  })

  check('takes a prefix that ends within a name', async (store, folder) => {
    await fill(store, folder)
    assert.equal(await keys(store, folder, 'b'), ['b-c', 'b/1', 'b/2', 'b0'])
    assert.equal(await keys(store, folder, 'c/d'), ['c/d/e', 'c/d/f'])
    assert.equal(await keys(store, folder, 'zz'), [])
  })

  check('starts after a key, there or not', async (store, folder) => {
    await fill(store, folder)
    const after = (key: string) => keys(store, folder, '', { startAfter: folder + key })
    assert.equal(await after('b/1'), ['b/2', 'b0', 'c/d/e', 'c/d/f', 'ü/1'])
    assert.equal(await after('b/15'), ['b/2', 'b0', 'c/d/e', 'c/d/f', 'ü/1'])
    assert.equal(await after('b0'), ['c/d/e', 'c/d/f', 'ü/1'])
    assert.equal(await after('ü/1'), [])
  })

  check('names folders once with a delimiter', async (store, folder) => {
    await fill(store, folder)
    assert.equal(await keys(store, folder, '', { delimiter: '/' }), [
      'a',
      'b-c',
      'b/',
      'b0',
      'c/',
      'ü/',
    ])
    assert.equal(await keys(store, folder, 'c/', { delimiter: '/' }), ['c/d/'])
    const [first] = await collect(store, `${folder}c/`, { delimiter: '/' })
    assert.is(first?.isFolder, true)
  })

  check('lists more than one page', async (store, folder) => {
    const many = Array.from({ length: 1205 }, (_, i) => `p/${String(i).padStart(20, '0')}`)
    for (let at = 0; at < many.length; at += 50) {
      await Promise.all(many.slice(at, at + 50).map(key => store.put(folder + key, text('x'))))
    }
    assert.equal(await keys(store, folder), many)
    assert.equal(await keys(store, folder, '', { delimiter: '/' }), ['p/'])
    const startAfter = folder + many[1100]!
    assert.equal(await keys(store, folder, '', { startAfter }), many.slice(1101))
  })
}

function badKeys(check: Check): void {
  check('refuses keys that are not keys, before anything is done', async (store, folder) => {
    const bad = ['', '/', '/a', 'a/', 'a//b', '..', '../a', 'a/../b', '.', 'a/./b', '.hidden']
    for (const key of [...bad, 'a\0b', 'a\nb', 'a\\b', `${'x'.repeat(300)}`]) {
      const bytes = text('x')
      for (const work of [
        () => store.get(key),
        () => store.getRange(key, 0, 1),
        () => store.head(key),
        () => store.put(key, bytes),
        () => store.putIfAbsent(key, bytes),
        () => store.upload(key, bytesSource(bytes)),
        () => store.delete(key),
      ]) {
        const error = await rejects(async () => work(), /object key/)
        assert.instance(error, AssertionError, JSON.stringify(key))
      }
    }
    assert.equal(await keys(store, folder), [])
  })
}

async function collect(
  store: ObjectStore,
  prefix: string,
  options?: ListOptions,
): Promise<ListedObject[]> {
  const found: ListedObject[] = []
  for await (const object of store.list(prefix, options)) found.push(object)
  return found
}

/** Keys without the folder. */
async function keys(
  store: ObjectStore,
  folder: string,
  prefix = '',
  options?: ListOptions,
): Promise<string[]> {
  const found = await collect(store, folder + prefix, options)
  return found.map(({ key }) => key.slice(folder.length))
}

export async function rejects(work: () => Promise<unknown>, message: RegExp): Promise<unknown> {
  try {
    await work()
  } catch (error) {
    assert.match(String((error as Error).message), message)
    return error
  }
  assert.unreachable('it should have failed')
  return null
}

export async function fails(code: string, work: () => Promise<unknown>): Promise<Failure> {
  try {
    await work()
  } catch (error) {
    assert.instance(error, Failure, String(error))
    assert.is((error as Failure).code, code, String(error))
    return error as Failure
  }
  assert.unreachable(`it should have failed with ${code}`)
  throw new Error('unreachable')
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function string(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}

/** The same bytes on every run. */
function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = 0x9e3779b9
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    bytes[i] = state >>> 24
  }
  return bytes
}
