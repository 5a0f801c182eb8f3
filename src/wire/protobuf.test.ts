import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../base/errors.ts'
import { ProtoReader, ProtoWriter, varintSize } from './protobuf.ts'

const test = suite('protobuf')

interface Field {
  readonly kind: 'varint' | 'fixed64' | 'fixed32' | 'double' | 'text' | 'bytes'
  readonly number: number
  readonly value: unknown
}

/** The writer is given field numbers of ours only, far below the format's limit. */
const number = fc.integer({ min: 1, max: 2 ** 28 - 1 })
const fieldOf = (kind: Field['kind'], values: fc.Arbitrary<unknown>) =>
  fc.record({ kind: fc.constant(kind), number, value: values })
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const field: fc.Arbitrary<Field> = fc.oneof(
  fieldOf('varint', uint64),
  fieldOf('fixed64', uint64),
  fieldOf('fixed32', fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  fieldOf('double', fc.double()),
  fieldOf('text', fc.string({ unit: 'grapheme', maxLength: 200 })),
  fieldOf(
    'bytes',
    fc.uint8Array({ maxLength: 300 }).map(bytes => [...bytes]),
  ),
)

function write(w: ProtoWriter, { kind, number, value }: Field): void {
  if (kind === 'varint') w.varintField(number, value as bigint)
  else if (kind === 'fixed64') w.fixed64Field(number, value as bigint)
  else if (kind === 'fixed32') w.fixed32Field(number, value as number)
  else if (kind === 'double') w.doubleField(number, value as number)
  else if (kind === 'text') w.textField(number, value as string)
  else w.bytesField(number, Uint8Array.from(value as number[]))
}

function read(r: ProtoReader, kind: Field['kind']): unknown {
  if (kind === 'varint') return r.varintBigInt()
  if (kind === 'fixed64') return r.fixed64BigInt()
  if (kind === 'fixed32') return r.fixed32()
  if (kind === 'double') return r.double()
  return kind === 'text' ? r.text() : [...r.bytes()]
}

test('what is written is read, at any depth of messages', () => {
  const property = fc.property(fc.array(field), fc.nat(4), (fields, depth) => {
    const w = new ProtoWriter(1)
    const marks = Array.from({ length: depth }, () => w.beginMessage(3))
    for (const one of fields) write(w, one)
    for (const mark of marks.reverse()) w.endMessage(mark)
    let r = new ProtoReader(w.finish())
    for (let i = 0; i < depth; i++) {
      assert.is(r.tag(), 26)
      const inner = r.message()
      assert.not(r.more())
      r = inner
    }
    for (const { kind, number, value: sent } of fields) {
      assert.is(r.tag() >>> 3, number)
      assert.equal(read(r, kind), sent)
    }
    assert.not(r.more())
  })
  fc.assert(property, { numRuns: 2000 })
})

test('fields that are skipped and fields that are read end in the same place', () => {
  fc.assert(
    fc.property(fc.array(field), fields => {
      const w = new ProtoWriter()
      for (const one of fields) write(w, one)
      const r = new ProtoReader(w.finish())
      for (let i = 0; i < fields.length; i++) r.skip(r.tag() & 7)
      assert.not(r.more())
    }),
  )
})

test('numbers are written in the shortest form; negative ones take ten bytes', () => {
  for (const one of [0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 53 - 1]) {
    const w = new ProtoWriter()
    w.varint(one)
    assert.is(w.length, varintSize(one))
    assert.is(new ProtoReader(w.finish()).varintNumber(), one)
  }
  const w = new ProtoWriter()
  w.varintField(1, -42)
  assert.is(w.length, 11)
  const r = new ProtoReader(w.finish())
  r.tag()
  assert.is(BigInt.asIntN(64, r.varintBigInt()), -42n)
})

test('hostile bytes are refused, and nothing is read past the end of a reader', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(39), (bytes, size) => {
      const end = Math.min(size, bytes.length)
      const r = new ProtoReader(bytes, 0, end)
      try {
        while (r.more()) r.skip(r.tag() & 7)
      } catch (error) {
        assert.instance(error, Failure)
        assert.is((error as Failure).code, 'BAD_REQUEST')
      }
      assert.ok(r.pos <= end)
    }),
    { numRuns: 5000 },
  )
  const cases: [bytes: number[], read: (r: ProtoReader) => unknown, message: RegExp][] = [
    [[0x80], r => r.tag(), /truncated varint at byte 1/],
    [[0x00], r => r.tag(), /field number 0/],
    [Array(11).fill(0xff), r => r.varintBigInt(), /longer than 10 bytes/],
    [Array(10).fill(0xff), r => r.varintNumber(), /longer than 10 bytes/],
    [[...Array(9).fill(0xff), 1], r => r.varintNumber(), /above 2\^53/],
    [[5, 1, 2], r => r.bytes(), /length 5 beyond the end/],
    [[1, 2, 3], r => r.fixed32(), /truncated fixed32/],
    [[1, 2, 3, 4, 5, 6, 7], r => r.double(), /truncated double/],
    [[1], r => r.skip(3), /wire type 3/],
  ]
  for (const [bytes, run, message] of cases) {
    assert.throws(
      () => run(new ProtoReader(Uint8Array.from(bytes))),
      (error: Failure) => {
        return error.code === 'BAD_REQUEST' && message.test(error.message)
      },
    )
  }
})

test.run()
