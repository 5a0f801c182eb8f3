import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../base/errors.ts'
import { walkOtlp } from '../../wire/otlp-walk.ts'
import { ProtoWriter } from '../../wire/protobuf.ts'
import { appendOtlp } from './decode-otlp.ts'
import { LiveSegment } from './live-segment.ts'
import { LiveSource } from './live-source.ts'
import {
  array,
  attributes,
  double,
  encodeSpans,
  hexId,
  int,
  plainSpan,
  text,
} from './plain-spans-fixture.ts'

const test = suite('decode OTLP')

const sample = encodeSpans([
  plainSpan({
    name: 'root',
    kind: 2,
    status: 2,
    statusMessage: 'bad',
    traceState: 'a=1',
    attributes: attributes({ a: text('x'), b: int(-5), c: double(0.5), d: array(text('y')) }),
    events: [{ timeNs: 5n, name: 'e', attributes: attributes({ k: int(1) }) }],
    links: [{ traceId: hexId(7, 16), spanId: hexId(8, 8), attributes: attributes({ l: int(2) }) }],
    resource: attributes({ 'service.name': text('shop') }),
    scopeName: 'lib',
    scope: attributes({ s: int(3) }),
  }),
  plainSpan({ spanId: hexId(2, 8), parentId: hexId(1, 8), traceId: hexId(9, 16) }),
])

/** Trace ids that the walk sees, or null when it refuses. */
function walked(body: Uint8Array): string[] | null {
  const ids: string[] = []
  try {
    walkOtlp(body, {
      span: (_start, _end, at) => {
        ids.push(Buffer.from(body.subarray(at, at + 16)).toString('hex'))
      },
    })
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, 'BAD_REQUEST')
    return null
  }
  return ids
}

/** The decoder trusts the walk: what one lets through the other must read alike, to the end. */
function checkAgree(body: Uint8Array): boolean {
  const ids = walked(body)
  if (ids === null) return false
  const segment = new LiveSegment()
  const { spans, duplicates } = appendOtlp(segment, body)
  assert.is(spans + duplicates, ids.length)
  const kept = new Set<string>()
  for (let trace = 0; trace < segment.traces.count; trace++) {
    kept.add(Buffer.from(segment.traces.id.subarray(trace * 16, trace * 16 + 16)).toString('hex'))
  }
  assert.equal([...kept].sort(), [...new Set(ids)].sort())
  return true
}

test('a valid request is read alike', () => {
  assert.ok(checkAgree(sample))
})

test('every byte changed to every value: refused, or read alike', () => {
  let accepted = 0
  for (let at = 0; at < sample.length; at++) {
    for (let value = 0; value < 256; value++) {
      const body = Buffer.from(sample)
      body[at] = value
      if (checkAgree(body)) accepted++
    }
  }
  assert.ok(accepted > 10_000, `${accepted} accepted`)
})

test('bytes put in, taken out or repeated: refused, or read alike', () => {
  const edit = fc.record({
    at: fc.nat(sample.length - 1),
    remove: fc.nat(3),
    bytes: fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(
        Buffer.of(0x8a, 0x00),
        Buffer.of(0x92, 0x00),
        Buffer.of(0x82, 0x01, 0x03, 0x0a, 0xff, 0x7f),
        Buffer.of(0x85, 0x80, 0x80, 0x80, 0x10),
        Buffer.of(0x12, 0x90, 0x00),
      ),
    ),
  })
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), edits => {
      let body: Buffer = Buffer.from(sample)
      for (const { at, remove, bytes } of edits)
        body = Buffer.concat([body.subarray(0, at), bytes, body.subarray(at + remove)])
      checkAgree(body)
    }),
    { numRuns: 20_000 },
  )
})

/** A request with one span whose fields a test writes. */
function oneSpan(write: (w: ProtoWriter) => void): Uint8Array {
  const w = new ProtoWriter()
  w.messageField(1, rs => rs.messageField(2, ss => ss.messageField(2, span => write(span))))
  return w.finish()
}

function ids(w: ProtoWriter): void {
  w.bytesField(1, Buffer.alloc(16, 1))
  w.bytesField(2, Buffer.alloc(8, 2))
}

function rawFields(...bytes: number[]): (w: ProtoWriter) => void {
  return w => w.raw(Buffer.from(bytes), 0, bytes.length)
}

test('encodings that only hostile clients send are refused, or read alike', () => {
  const long = (length: number) => [length | 0x80, 0x80, 0x80, 0x80, 0x10]
  const cases: Record<string, (w: ProtoWriter) => void> = {
    'a length of 2^32 and a few': rawFields(0x4a, ...long(2), 0x0a, 0x00),
    'a name of 2^32 and a few': rawFields(0x2a, ...long(1), 0x41),
    'a trace id with a long length': rawFields(0x0a, 0x90, 0x00, ...Buffer.alloc(16, 3)),
    'a second trace id, shorter': rawFields(0x0a, 0x02, 5, 5),
    'a span id before the right one, longer': rawFields(0x12, 0x10, ...Buffer.alloc(16, 9)),
    'a tag in more bytes than it needs': rawFields(0xca, 0x00, 0x02, 0x0a, 0x00),
    'a field with a number above 15 in an attribute': rawFields(
      ...[0x4a, 9, 0x82, 0x01, 6, 0x0a, 0xff, 0xff, 0xff, 0x7f, 0x00],
    ),
  }
  for (const [name, write] of Object.entries(cases)) {
    for (const body of [
      oneSpan(w => {
        ids(w)
        write(w)
      }),
      oneSpan(w => {
        write(w)
        ids(w)
      }),
    ]) {
      const startMs = performance.now()
      try {
        checkAgree(body)
      } catch (error) {
        assert.unreachable(`${name}: ${error}`)
      }
      assert.ok(performance.now() - startMs < 1000, `${name} took long`)
    }
  }
})

test('spans that differ in one field only are two; a span given back is the same one', async () => {
  const attribute = (name: string) => (w: ProtoWriter) =>
    w.messageField(name === 'link' ? 4 : 3, kv => kv.textField(1, name))
  const variants: ((w: ProtoWriter) => void)[] = [
    () => undefined,
    w => w.textField(3, 'a=1'),
    w => w.bytesField(4, Buffer.alloc(8, 4)),
    w => w.textField(5, 'name'),
    w => w.varintField(6, 1),
    w => w.fixed64Field(7, 1n),
    w => w.fixed64Field(8, 1n),
    w => w.messageField(9, kv => kv.textField(1, 'no value')),
    w => w.messageField(9, kv => kv.textField(1, 'other')),
    w => w.varintField(10, 1),
    w => w.varintField(10, 1024),
    w => w.varintField(12, 1),
    w => w.varintField(14, 1),
    w => w.messageField(11, () => undefined),
    w => w.messageField(11, e => e.fixed64Field(1, 1n)),
    w => w.messageField(11, e => e.textField(2, 'event')),
    w => w.messageField(11, e => attribute('event')(e)),
    w => w.messageField(11, e => e.varintField(4, 1)),
    w => w.messageField(13, () => undefined),
    w => w.messageField(13, l => l.bytesField(1, Buffer.alloc(16, 1))),
    w => w.messageField(13, l => l.bytesField(2, Buffer.alloc(8, 1))),
    w => w.messageField(13, l => l.textField(3, 'b=2')),
    w => w.messageField(13, l => attribute('link')(l)),
    w => w.messageField(13, l => l.varintField(5, 1)),
    w => w.messageField(13, l => l.fixed32Field(6, 1)),
    w => w.messageField(15, s => s.textField(2, 'bad')),
    w => w.messageField(15, s => s.varintField(3, 1)),
    w => w.fixed32Field(16, 1),
  ]
  const segment = new LiveSegment()
  for (const [i, write] of variants.entries()) {
    const body = oneSpan(w => {
      ids(w)
      write(w)
    })
    assert.is(walkOtlp(body), 1)
    assert.is(appendOtlp(segment, body).spans, 1, `variant ${i} is new`)
    assert.is(appendOtlp(segment, body).duplicates, 1, `variant ${i} is known`)
  }
  const back = await new LiveSource(segment).readTrace({ group: 0, trace: 0 })
  const again = appendOtlp(segment, back)
  assert.is(again.duplicates, variants.length)
})

test('what is refused by a limit leaves nothing behind', async () => {
  const segment = new LiveSegment()
  const small = encodeSpans([plainSpan({ name: 'small' })])
  const large = encodeSpans([
    plainSpan({
      traceId: hexId(2, 16),
      attributes: attributes({ blob: text('x'.repeat(5000)) }),
      events: [{ timeNs: 5n, name: 'e', attributes: [] }],
    }),
  ])
  const limits = { traceBytesMax: 1000, tracesMax: 0 }
  assert.is(appendOtlp(segment, small, limits).spans, 1)
  assert.is(appendOtlp(segment, large, limits).traceTooLarge, 1)
  assert.is(appendOtlp(segment, large, { traceBytesMax: 0, tracesMax: 2 }).spans, 1)
  const third = encodeSpans([plainSpan({ traceId: hexId(3, 16) })])
  assert.is(appendOtlp(segment, third, { traceBytesMax: 0, tracesMax: 2 }).liveTracesExceeded, 1)
  assert.is(segment.spanCount, 2)
  assert.is(segment.events.count, 1)
  const index = await new LiveSource(segment).index()
  assert.is(index.count, 2)
})

test.run()
