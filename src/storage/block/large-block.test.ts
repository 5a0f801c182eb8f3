import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { attributeColumnsMax, Scope } from '../../model/columns.ts'
import { ProtoWriter } from '../../wire/protobuf.ts'
import { appendOtlp } from '../live/decode-otlp.ts'
import { LiveSegment } from '../live/live-segment.ts'
import { LiveSource } from '../live/live-source.ts'
import { createBlockCache } from './block-cache.ts'
import { BlockFile } from './block-file.ts'
import { BlockSource } from './block-source.ts'
import { groupLimits, groupSetValuesMin } from './format.ts'
import { writeBlock } from './writer.ts'

/** What only larger or stranger blocks have: overflow, many groups, outliers, dictionary pages. */

const test = suite('large blocks')
const startNs = 1_700_000_000_000_000_000n

interface Sent {
  readonly trace: number
  readonly offsetNs?: bigint
  readonly durationNs?: bigint
  readonly attributes?: readonly (readonly [key: string, value: string])[]
}

function segmentOf(spans: readonly Sent[]): LiveSegment {
  const segment = new LiveSegment()
  for (let from = 0; from < spans.length; from += 1000) {
    const w = new ProtoWriter()
    w.messageField(1, rs =>
      rs.messageField(2, ss => {
        spans.slice(from, from + 1000).forEach((span, i) => {
          ss.messageField(2, field => writeSpan(field, span, from + i))
        })
      }),
    )
    appendOtlp(segment, w.finish())
  }
  return segment
}

function traceId(trace: number): Buffer {
  const id = Buffer.alloc(16, 0x11)
  id.writeUInt32BE(trace, 12)
  return id
}

function writeSpan(w: ProtoWriter, span: Sent, number: number): void {
  const id = Buffer.alloc(8, 0x22)
  id.writeUInt32BE(number, 4)
  const start = startNs + (span.offsetNs ?? BigInt(number) * 1000n)
  w.bytesField(1, traceId(span.trace))
  w.bytesField(2, id)
  w.fixed64Field(7, start)
  w.fixed64Field(8, start + (span.durationNs ?? 5n))
  for (const [key, value] of span.attributes ?? []) writeAttribute(w, 9, key, value)
}

function writeAttribute(w: ProtoWriter, field: number, key: string, value: string): void {
  w.messageField(field, kv => {
    kv.textField(1, key)
    kv.messageField(2, any => any.textField(1, value))
  })
}

async function toBlock(segment: LiveSegment): Promise<BlockSource> {
  const parts: Uint8Array[] = []
  const steps = writeBlock(segment, bytes => parts.push(bytes))
  while (!steps.next().done);
  const bytes = Buffer.concat(parts)
  const reader = {
    object: 'memory',
    size: bytes.length,
    read: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
  }
  return new BlockSource(await BlockFile.open('b', reader, createBlockCache(64e6)))
}

/** The same spans with the same fields, by the fingerprint of a decoded trace. */
async function assertSameTrace(segment: LiveSegment, block: BlockSource, trace: number) {
  const place = await block.locate(traceId(trace))
  assert.ok(place, `trace ${trace}`)
  const again = new LiveSegment()
  appendOtlp(again, await block.readTrace(place))
  const at = segment.traces.find(traceId(trace))
  assert.is(again.traces.spans[0], segment.traces.spans[at])
  assert.is(again.traces.fingerprintLow[0], segment.traces.fingerprintLow[at])
  assert.is(again.traces.fingerprintHigh[0], segment.traces.fingerprintHigh[at])
}

test('keys beyond the column limit go to the overflow column and come back', async () => {
  const keys = attributeColumnsMax + 300
  const spans = Array.from({ length: keys }, (_, i): Sent => {
    const attributes = [`k${i}`, 'common', `k${(i * 7) % keys}`].map(
      key => [key, `value of ${key}`] as const,
    )
    return { trace: i % 50, attributes }
  })
  const segment = segmentOf(spans)
  const block = await toBlock(segment)
  const live = new LiveSource(segment)
  for (const source of [live, block]) {
    assert.ok(source.columnNames(Scope.span).length <= attributeColumnsMax)
    assert.ok(source.overflow(Scope.span))
    assert.is(source.overflow(Scope.event), null)
    const without = [...Array(keys).keys()].filter(
      i => source.columns(Scope.span, `k${i}`).length === 0,
    )
    assert.ok(without.length >= keys - attributeColumnsMax)
    assert.is(source.columns(Scope.span, 'common').length, 1)
  }
  for (let trace = 0; trace < 50; trace++) await assertSameTrace(segment, block, trace)
})

test('many groups: bounded, whole traces, newest last; a trace above the target has its own', async () => {
  const target = groupLimits.groupSpansTarget
  const small = Array.from({ length: target + 5000 }, (_, i): Sent => {
    return { trace: i >> 3, attributes: [['key', `value ${i}`]] }
  })
  const big = Array.from(
    { length: target + 10 },
    (): Sent => ({
      trace: 999_999,
      offsetNs: BigInt(small.length) * 1000n + 1_000_000n,
    }),
  )
  const segment = segmentOf([...small, ...big])
  const block = await toBlock(segment)
  assert.equal(
    block.groups.map(group => group.rows),
    [target, 5000, target + 10],
  )
  assert.is(block.groups[2]!.traces, 1)
  const starts = block.groups.map(group => group.minTraceStartNs)
  assert.ok(starts[0]! < starts[1]! && starts[1]! < starts[2]!)
  for (const trace of [0, 1, 4095, 4096, 4700, 999_999])
    await assertSameTrace(segment, block, trace)
})

test('outliers lie in groups of their own at the end', async () => {
  const hourNs = 3_600_000_000_000n
  const spans: Sent[] = Array.from({ length: 100 }, (_, trace) => ({ trace }))
  spans.push({ trace: 1000, durationNs: hourNs })
  spans.push({ trace: 1001, offsetNs: -2n * hourNs })
  spans.push({ trace: 1002, offsetNs: 24n * hourNs })
  const segment = segmentOf(spans)
  const block = await toBlock(segment)
  const [first, ...outliers] = block.groups
  assert.is(first!.traces, 100)
  assert.ok(first!.maxEndNs < startNs + hourNs)
  assert.is(
    outliers.reduce((sum, group) => sum + group.traces, 0),
    3,
  )
  for (const trace of [0, 99, 1000, 1001, 1002]) await assertSameTrace(segment, block, trace)
})

test('a value of a resource may be in any group, however many values there are', async () => {
  const w = new ProtoWriter()
  for (let i = 0; i < groupSetValuesMin + 10; i++) {
    w.messageField(1, rs => {
      rs.messageField(1, resource => writeAttribute(resource, 1, 'pod', `pod ${i}`))
      // Every tenth trace is too long for the group of the others.
      const durationNs = i % 10 === 0 ? 3_600_000_000_000n : 5n
      rs.messageField(2, ss =>
        ss.messageField(2, field => writeSpan(field, { trace: i, durationNs }, i)),
      )
    })
  }
  const segment = new LiveSegment()
  appendOtlp(segment, w.finish())
  const block = await toBlock(segment)
  assert.ok(block.groups.length > 1)
  const [ref] = block.columns(Scope.resource, 'pod')
  for (const i of [0, 1, 4100]) {
    const code = await block.dictionary(ref!, 0).find(Buffer.from(`pod ${i}`))
    for (const group of block.groups.keys()) assert.ok(block.codeInGroup(ref!, code, group))
  }
})

test('a block without spans can be opened', async () => {
  const block = await toBlock(new LiveSegment())
  assert.equal([block.spans, block.traces, (await block.index()).count], [0, 0, 0])
  assert.is(await block.locate(traceId(1)), null)
})

test('ints at both ends of what is stored as a number come back', async () => {
  const extremes = [-(2n ** 53n), 2n ** 53n - 1n, 0n]
  // All of them, and each alone: their distance decides how they are stored.
  for (const ints of [extremes, ...extremes.map(int => [int])]) {
    const w = new ProtoWriter()
    w.messageField(1, rs =>
      rs.messageField(2, ss => {
        for (const [i, int] of ints.entries()) {
          ss.messageField(2, span => {
            writeSpan(span, { trace: 7 }, i)
            span.messageField(9, kv => {
              kv.textField(1, 'int')
              kv.messageField(2, any => any.varintField(3, int))
            })
          })
        }
      }),
    )
    const segment = new LiveSegment()
    appendOtlp(segment, w.finish())
    const block = await toBlock(segment)
    const [ref] = block.columns(Scope.span, 'int')
    const loaded = await block.load(0, [ref!], new Set())
    const { values, base } = loaded.vector(ref!)!
    const found = Array.from(values, value => BigInt(value + base))
    assert.equal(found.map(String).sort(), ints.map(String).sort())
    await assertSameTrace(segment, block, 7)
  }
})

test('dictionaries of many pages: every value is found, loaded and matched', async () => {
  const values = Array.from({ length: 9000 }, (_, i) => `${'v'.repeat(i % 40)}-${i}`)
  values.push('', 'x'.repeat(70_000), 'ü', '\u{10ffff}')
  const spans = values.map((value, i): Sent => ({ trace: i >> 4, attributes: [['key', value]] }))
  const block = await toBlock(segmentOf(spans))
  const [ref] = block.columns(Scope.span, 'key')
  const dictionary = block.dictionary(ref!, 0)
  assert.is(dictionary.size, values.length)
  const codes = await Promise.all(values.map(value => dictionary.find(Buffer.from(value))))
  assert.is(new Set(codes).size, values.length)
  const bytes = await dictionary.load(codes)
  values.forEach((value, i) => {
    assert.is(Buffer.from(bytes(codes[i]!)).toString(), value)
  })
  const few = await dictionary.load(codes.slice(0, 3))
  assert.is(Buffer.from(few(codes[2]!)).toString(), values[2])
  for (const missing of ['v', '-1', '\u0000', 'zzz', 'x'.repeat(70_001), '\u{10ffff}a']) {
    assert.is(await dictionary.find(Buffer.from(missing)), -1)
  }
  const table = await dictionary.match('odd', value => value.length % 2 === 1)
  values.forEach((value, i) => {
    assert.is(table[codes[i]!], Buffer.from(value).length % 2)
  })
  // Some of these run over the ends of values, some are everywhere in them.
  for (const text of ['v', '-1', '7', 'vv-', '-80v', '0v', 'x', 'ü', '42-', 'nowhere']) {
    const wanted = Buffer.from(text)
    const isShort = (value: Uint8Array) => Buffer.from(value).includes(wanted) && value.length < 30
    for (const otherwise of [false, true]) {
      const required = { bytes: wanted, otherwise }
      const holds = (value: Uint8Array) =>
        Buffer.from(value).includes(wanted) ? isShort(value) : otherwise
      const found = await dictionary.match(`${text} ${otherwise}`, isShort, required)
      values.forEach((value, i) => {
        assert.is(found[codes[i]!], holds(Buffer.from(value)) ? 1 : 0, `${value} by ${text}`)
      })
    }
  }
  const sorted = [...codes.keys()].sort((a, b) => codes[a]! - codes[b]!).map(i => values[i]!)
  const byBytes = [...values].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  assert.equal(sorted, byBytes)
})

test.run()
