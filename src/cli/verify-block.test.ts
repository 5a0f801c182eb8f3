import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Scope } from '../model/columns.ts'
import type { BlockFile } from '../storage/block/block-file.ts'
import { type IntrinsicColumn, tailBytes } from '../storage/block/format.ts'
import { resealed } from '../storage/block/reseal-fixture.ts'
import { readerOf, smallBlock } from '../storage/block/small-block-fixture.ts'
import { writeBlock } from '../storage/block/writer.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'
import { printProblem } from './problems.ts'
import { verifyBlock } from './verify-block.ts'

const test = suite('verify a block')

async function problemsOf(bytes: Uint8Array): Promise<string[]> {
  const problems = await verifyBlock(readerOf(bytes), () => undefined)
  return problems.map(printProblem)
}

const block = smallBlock()

test('nothing is wrong with a good one, and all of it is looked at', async () => {
  let seen = 0
  const problems = await verifyBlock(readerOf(block), bytes => {
    seen += bytes
  })
  assert.equal(problems, [])
  assert.ok(seen > 0.95 * block.length && seen <= block.length, `${seen} of ${block.length}`)
})

test('nothing is wrong with a block without spans', async () => {
  const parts: Uint8Array[] = []
  const steps = writeBlock(new LiveSegment(), bytes => parts.push(bytes))
  while (!steps.next().done);
  assert.equal(await problemsOf(Buffer.concat(parts)), [])
})

test('every byte flipped is noticed', async () => {
  for (let at = 0; at < block.length; at++) {
    const damaged = Buffer.from(block)
    damaged[at] = damaged[at]! ^ (at % 2 === 0 ? 0xff : 0x01)
    const problems = await problemsOf(damaged)
    assert.ok(problems.length > 0, `byte ${at} of ${block.length}`)
    assert.match(problems[0]!, /^memory: /)
  }
})

test('cut at every length', async () => {
  for (let size = 0; size < block.length; size++) {
    assert.is((await problemsOf(block.subarray(0, size))).length, 1, `${size} bytes`)
  }
})

test('damage in several places: each is named with its column and its place', async () => {
  const damaged = await open(async file => [placeOf(file, 'span.name'), placeOf(file, 'span.id')])
  const bytes = Buffer.from(block)
  for (const offset of damaged) bytes[offset] = bytes[offset]! ^ 0xff
  const [name, id] = damaged
  assert.equal(
    (await problemsOf(bytes)).sort(),
    [
      `memory: column span.id, byte ${id}: checksum of column span.id`,
      `memory: column span.name, byte ${name}: checksum of column span.name`,
    ].sort(),
  )
})

test('what is no block, and what is a block of another version', async () => {
  const text = Buffer.from('this is a text and not a block, as everybody can see')
  assert.equal(await problemsOf(text), [`memory: byte ${text.length - 4}: bad magic`])
  assert.equal(await problemsOf(Buffer.alloc(0)), ['memory: byte 0: truncated block'])
  const next = Buffer.from(block)
  next.writeUInt32LE(2, next.length - tailBytes + 8)
  assert.equal(await problemsOf(next), [
    'memory: byte 0: has block version 2, this server reads version 1',
  ])
})

async function open<T>(use: (file: BlockFile) => Promise<T>): Promise<T> {
  let used: Promise<T> | undefined
  await resealed(block, (_bytes, file) => {
    used = use(file)
  })
  return used!
}

/** Where the only chunk of a column begins. */
function placeOf(file: BlockFile, key: string): number {
  const column = file.columns.findIndex(name => name.key === key)
  return file.chunkPlace(file.f.columnFirstChunk[column]!).offset
}

/** Changes that leave all checksums good: `at` is where the chunk of the column begins. */
const invariants: readonly [
  key: IntrinsicColumn | 'key' | 'number',
  change: (bytes: Buffer, at: number) => void,
  says: RegExp,
][] = [
  ['span.depth', (bytes, at) => bytes.fill(0xff, at, at + 1), /column span\.depth.*depth/],
  ['trace.start.low', (bytes, at) => bytes.fill(0xff, at, at + 2), /trace \d belongs before/],
  ['trace.id', (bytes, at) => bytes.fill(0, at, at + 16), /entry \d of the index is of another/],
  ['key', (bytes, at) => bytes.fill(0, at, at + 4), /column key.*used by no row/],
  ['trace.spans', (bytes, at) => bytes.fill(0xff, at, at + 1), /column trace\.spans.*values/],
]
for (const [key, change, says] of invariants) {
  test(`${key} that does not agree with ${says.source}`, async () => {
    const wrong = await resealed(block, (bytes, file) => change(bytes, placeOf(file, key)))
    const problems = await problemsOf(wrong)
    assert.ok(
      problems.some(problem => says.test(problem)),
      problems.join('\n'),
    )
  })
}

test('shapes that do not agree with their columns', async () => {
  const wrong = await resealed(block, (bytes, { f, footerPlace }) => {
    const at = footerPlace.offset + f.shapeColumn.byteOffset
    for (let i = 0; i < f.shapeColumn.length; i++) bytes.writeUInt16LE(0, at + 2 * i)
  })
  const problems = await problemsOf(wrong)
  assert.ok(problems.some(problem => /column key, .*4 values where 0 items have one/.test(problem)))
})

test('an index out of order', async () => {
  const wrong = await resealed(block, (bytes, file) => {
    const at = file.f.indexOffset
    bytes.writeUInt32LE(0xffffffff, at)
  })
  const problems = await problemsOf(wrong)
  assert.ok(problems.some(problem => /entry 1 of the index is out of order/.test(problem)))
})

test('dictionary values out of order', async () => {
  const wrong = await resealed(block, (bytes, file) => {
    const column = file.columns.findIndex(({ key, scope }) => {
      return key === 'key' && scope === Scope.span
    })
    const pages = file.f.dictionaryPagesOffset[file.f.columnDictionary[column]!]!
    const second = bytes.indexOf('value 2', pages)
    bytes.write('value 0', second)
  })
  const problems = await problemsOf(wrong)
  assert.ok(
    problems.some(problem =>
      /column key, .*value 1 of the dictionary is not greater/.test(problem),
    ),
    problems.join('\n'),
  )
})

test.run()
