import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../../bench/generate.ts'
import { ProtoWriter } from '../../wire/protobuf.ts'
import { appendOtlp } from '../live/decode-otlp.ts'
import { LiveSegment } from '../live/live-segment.ts'
import { LiveSource } from '../live/live-source.ts'
import { createBlockCache } from './block-cache.ts'
import { BlockFile, type RangeReader } from './block-file.ts'
import { BlockSource } from './block-source.ts'
import { writeBlock } from './writer.ts'

const test = suite('block round trip')

function memoryReader(bytes: Uint8Array): RangeReader {
  return {
    object: 'memory',
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  }
}

async function toBlock(segment: LiveSegment): Promise<BlockSource> {
  const parts: Uint8Array[] = []
  const steps = writeBlock(segment, bytes => parts.push(bytes))
  while (!steps.next().done);
  const bytes = Buffer.concat(parts)
  return new BlockSource(await BlockFile.open('b', memoryReader(bytes), createBlockCache(64e6)))
}

/** Both sources must give the same spans: compared by decoding each into a segment of its own. */
async function assertSameTraces(segment: LiveSegment, block: BlockSource): Promise<void> {
  const live = new LiveSource(segment)
  const fromBlock = new LiveSegment()
  for (let trace = 0; trace < segment.traces.count; trace++) {
    const id = segment.traces.id.slice(trace * 16, trace * 16 + 16)
    const place = await block.locate(id)
    assert.ok(place, `trace ${Buffer.from(id).toString('hex')} is in the block`)
    const bytes = await block.readTrace(place)
    const expected = await live.readTrace({ group: 0, trace })
    const a = new LiveSegment()
    const b = new LiveSegment()
    appendOtlp(a, expected)
    appendOtlp(b, bytes)
    assert.is(b.spanCount, a.spanCount)
    // The fingerprint covers every field of every span with its resource and scope.
    assert.is(b.traces.fingerprintLow[0], a.traces.fingerprintLow[0])
    assert.is(b.traces.fingerprintHigh[0], a.traces.fingerprintHigh[0])
    assert.is(b.traces.fingerprintLow[0], segment.traces.fingerprintLow[trace])
    appendOtlp(fromBlock, bytes)
  }
  assert.is(fromBlock.spanCount, segment.spanCount)
}

test('generated traces come back span by span', async () => {
  const segment = new LiveSegment()
  for (const request of generate({ spans: 4000, startMs: 1_700_000_000_000, durationMs: 60_000 })) {
    appendOtlp(segment, request.body)
  }
  await assertSameTraces(segment, await toBlock(segment))
})

function attribute(
  w: ProtoWriter,
  field: number,
  key: string,
  write: (v: ProtoWriter) => void,
): void {
  w.messageField(field, kv => {
    kv.textField(1, key)
    kv.messageField(2, write)
  })
}

/** One of everything that OTLP can say. */
function everything(): Uint8Array {
  const w = new ProtoWriter()
  w.messageField(1, rs => {
    rs.messageField(1, r => {
      attribute(r, 1, 'service.name', v => v.textField(1, 'shop'))
      attribute(r, 1, 'host.cpus', v => v.varintField(3, 8))
      r.varintField(2, 7)
    })
    rs.messageField(2, ss => {
      ss.messageField(1, s => {
        s.textField(1, 'lib')
        s.textField(2, 'v1')
        attribute(s, 3, 'scope.attr', v => v.textField(1, 'sv'))
        s.varintField(4, 2)
      })
      ss.messageField(2, span => richSpan(span, 1, 0))
      ss.messageField(2, span => richSpan(span, 2, 1))
      ss.messageField(2, span => richSpan(span, 3, 99))
      ss.textField(3, 'https://schema/scope')
    })
    rs.textField(3, 'https://schema/resource')
  })
  return w.finish()
}

function richSpan(w: ProtoWriter, id: number, parent: number): void {
  w.bytesField(1, Buffer.alloc(16, 0xab))
  w.bytesField(2, Buffer.from([0, 0, 0, 0, 0, 0, 0, id]))
  w.textField(3, 'congo=t61rcWkgMzE')
  if (parent > 0) w.bytesField(4, Buffer.from([0, 0, 0, 0, 0, 0, 0, parent]))
  w.textField(5, `span ${id}`)
  w.varintField(6, id === 3 ? 99 : 2)
  w.fixed64Field(7, id === 3 ? 0n : 1_700_000_000_000_000_000n + BigInt(id))
  w.fixed64Field(8, id === 3 ? 0xffffffffffffffffn : 1_700_000_000_500_000_000n)
  attribute(w, 9, 'attr.int', v => v.varintField(3, 9007199254740993n))
  attribute(w, 9, 'attr.negative', v => v.varintField(3, -42))
  attribute(w, 9, 'attr.double', v => v.doubleField(4, 2.75))
  attribute(w, 9, 'attr.nan', v => v.doubleField(4, Number.NaN))
  attribute(w, 9, 'attr.zero', v => v.doubleField(4, -0))
  attribute(w, 9, 'attr.bool', v => v.boolField(2, true))
  attribute(w, 9, 'attr.bytes', v => v.bytesField(7, Buffer.from([0, 1, 255])))
  attribute(w, 9, 'attr.array', v =>
    v.messageField(5, a => a.messageField(1, x => x.textField(1, 'a'))),
  )
  attribute(w, 9, 'attr.empty', () => undefined)
  attribute(w, 9, 'attr.emptystr', v => v.textField(1, ''))
  for (let i = 0; i < 8; i++) attribute(w, 9, 'repeated', v => v.textField(1, `r${i}`))
  attribute(w, 9, 'repeated', v => v.varintField(3, 5))
  w.varintField(10, 2)
  w.messageField(11, e => {
    e.fixed64Field(1, 1_600_000_000_000_000_000n)
    e.textField(2, 'exception')
    attribute(e, 3, 'exception.type', v => v.textField(1, 'E'))
    e.varintField(4, 1)
  })
  w.messageField(11, e => e.fixed64Field(1, 1_800_000_000_000_000_000n))
  w.varintField(12, 3)
  w.messageField(13, l => {
    l.bytesField(1, Buffer.alloc(16, id))
    l.bytesField(2, Buffer.alloc(8, id))
    l.textField(3, 'l=1')
    attribute(l, 4, 'link-type', v => v.textField(1, 'follows_from'))
    l.varintField(5, 4)
    l.fixed32Field(6, 0x301)
  })
  w.varintField(14, 4)
  w.messageField(15, s => {
    s.textField(2, 'upstream failed')
    s.varintField(3, 2)
  })
  w.fixed32Field(16, 0x101)
}

test('nothing of OTLP is lost: every value type, extreme times, repeated keys', async () => {
  const segment = new LiveSegment()
  const result = appendOtlp(segment, everything())
  assert.is(result.spans, 3)
  const block = await toBlock(segment)
  await assertSameTraces(segment, block)
  const place = await block.locate(Buffer.alloc(16, 0xab))
  const text = Buffer.from(await block.readTrace(place!)).toString('latin1')
  for (const piece of [
    'https://schema/scope',
    'https://schema/resource',
    'congo=',
    'attr.emptystr',
    'r7',
    'l=1',
  ]) {
    assert.ok(text.includes(piece), piece)
  }
})

test('a span that arrives twice is kept once', () => {
  const segment = new LiveSegment()
  appendOtlp(segment, everything())
  const again = appendOtlp(segment, everything())
  assert.is(again.spans, 0)
  assert.is(again.duplicates, 3)
  assert.is(segment.spanCount, 3)
})

function chain(count: number, parentOf: (i: number) => number): Uint8Array {
  const w = new ProtoWriter()
  w.messageField(1, rs =>
    rs.messageField(2, ss => {
      for (let i = 0; i < count; i++) {
        ss.messageField(2, span => {
          span.bytesField(1, Buffer.alloc(16, 7))
          const id = Buffer.alloc(8)
          id.writeUInt32LE(i + 1)
          span.bytesField(2, id)
          const parent = Buffer.alloc(8)
          parent.writeUInt32LE(parentOf(i))
          if (parentOf(i) > 0) span.bytesField(4, parent)
          span.fixed64Field(7, 1_700_000_000_000_000_000n + BigInt(i))
          span.fixed64Field(8, 1_700_000_001_000_000_000n)
        })
      }
    }),
  )
  return w.finish()
}

test('trees: a chain of 50,000 spans, a cycle, a span that is its own parent', async () => {
  for (const parentOf of [
    (i: number) => i,
    (i: number) => ((i + 1) % 5) + 1,
    (i: number) => i + 1,
  ]) {
    const segment = new LiveSegment()
    const count = parentOf(3) === 3 ? 50_000 : 5
    appendOtlp(segment, chain(count, parentOf))
    assert.is(segment.spanCount, count)
    await assertSameTraces(segment, await toBlock(segment))
  }
})

test('a trace that is not here is not found', async () => {
  const segment = new LiveSegment()
  for (const request of generate({
    spans: 30_000,
    startMs: 1_700_000_000_000,
    durationMs: 60_000,
  })) {
    appendOtlp(segment, request.body)
  }
  const block = await toBlock(segment)
  for (let i = 0; i < 200; i++) {
    const id = Buffer.alloc(16, i)
    id.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, 4)
    assert.is(await block.locate(id), null)
  }
})

test.run()
