import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { packedAt, packedWords, packInto, unpack } from './bitpack.ts'
import { readChunk } from './chunk-reader.ts'
import { decodeChunk } from './decode.ts'
import { type EncodedChunk, encodeDoubles, encodeFixed, encodeIntegers } from './encode.ts'
import { Encoding } from './format.ts'

const test = suite('chunk encodings')

/** All values of a chunk, as a scan and as a reader of single rows sees them. */
function decoded(chunk: EncodedChunk): number[] {
  const { values, base, divisor } = decodeChunk(chunk, chunk.bytes)
  const scanned = Array.from({ length: chunk.count }, (_, i) => (values[i]! + base) / divisor)
  const reader = readChunk(chunk, chunk.bytes)
  for (const [i, value] of scanned.entries()) assert.ok(Object.is(reader.at(i), value))
  return scanned
}

function assertSame(found: readonly number[], wanted: readonly number[]): void {
  assert.is(found.length, wanted.length)
  wanted.forEach((value, i) => {
    assert.ok(Object.is(found[i], value), `value ${i} is ${found[i]}, sent was ${value}`)
  })
}

function checkIntegers(values: readonly number[]): EncodedChunk {
  const padded = Float64Array.of(7, ...values, 9)
  const chunk = encodeIntegers(padded, 1, padded.length - 1)
  assertSame(decoded(chunk), values)
  assert.is(chunk.min, Math.min(...values))
  assert.is(chunk.max, Math.max(...values))
  return chunk
}

function checkDoubles(values: readonly number[]): EncodedChunk {
  const chunk = encodeDoubles(Float64Array.from(values), 0, values.length)
  assertSame(decoded(chunk), values)
  return chunk
}

/** The same numbers in every run. */
function noise(count: number, below: number): number[] {
  let state = 8133
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 4_294_967_296) * below)
  })
}

test('widths 1 to 32: every value can be unpacked and read in place', () => {
  for (let width = 1; width <= 32; width++) {
    const values = Float64Array.from(noise(1100, 2 ** width))
    values[3] = 2 ** width - 1
    for (const count of [1, 2, 31, 32, 33, 64, 65, 1100]) {
      const words = new Uint32Array(packedWords(count, width))
      packInto(words, 0, values, 0, count, 0, width)
      const out = unpack(words, count, width, new Uint32Array(count))
      assert.equal([...out], [...values.subarray(0, count)], `${count} values of ${width} bits`)
      for (let i = 0; i < count; i++) assert.is(packedAt(words, i, width), values[i])
    }
  }
})

test('each encoding of whole numbers is chosen and gives the values back', () => {
  const outliers = noise(4096, 2 ** 20).map((value, i) => (i === 17 ? 3_000_000_000 : value))
  const repeated = noise(20_000, 3).map((value, i) => (i % 5000 === 0 ? 2 ** 24 : value % 1))
  const wide = noise(700, 2 ** 31).map(value => value * 2 ** 20)
  const cases = [
    [Encoding.constant, [42, 42, 42]],
    [Encoding.packed, [-5, 3, 1000]],
    [Encoding.subBlocks, outliers],
    [Encoding.planesZstd, repeated],
    [Encoding.planes, wide],
    [Encoding.planesZstd, wide.map((_, i) => (i % 2) * 2 ** 40)],
  ] as const
  for (const [encoding, values] of cases) assert.is(checkIntegers(values).encoding, encoding)
})

test('each encoding of doubles is chosen and gives the values back', () => {
  const random = noise(600, 2 ** 31).map(value => value / 3)
  const cases = [
    [Encoding.packed, [0.5, 1.25, -3.0001]],
    [Encoding.float64, [Number.NaN, -0, 0, Number.POSITIVE_INFINITY, 5e-324]],
    [Encoding.float64, random],
    [Encoding.float64Zstd, random.map((_, i) => (i % 2 === 0 ? -0 : Math.PI))],
  ] as const
  for (const [encoding, values] of cases) assert.is(checkDoubles(values).encoding, encoding)
})

test('any whole numbers within ±2^53 survive', () => {
  const limit = Number.MAX_SAFE_INTEGER
  checkIntegers([-limit - 1, limit, 0, 1])
  const values = fc.oneof(
    fc.array(fc.integer({ min: -limit, max: limit }), { minLength: 1, maxLength: 40 }),
    fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 1, maxLength: 3000 }),
    fc.tuple(fc.integer(), fc.integer({ min: 0, max: 45 })).chain(([least, bits]) =>
      fc.array(
        fc.integer({ min: 0, max: 2 ** bits }).map(above => least + above),
        { minLength: 1, maxLength: 1200 },
      ),
    ),
  )
  fc.assert(
    fc.property(values, sent => {
      checkIntegers(sent)
    }),
    { numRuns: 2000 },
  )
})

test('any doubles survive, bit by bit', () => {
  const values = fc.oneof(
    fc.array(fc.double(), { minLength: 1, maxLength: 50 }),
    fc.array(fc.constantFrom(-0, 0, Number.NaN, 1.5, 1e300), { minLength: 1, maxLength: 900 }),
    fc.tuple(fc.integer({ min: 0, max: 5 })).chain(([scale]) =>
      fc.array(
        fc.maxSafeInteger().map(whole => whole / 10 ** scale),
        { minLength: 1, maxLength: 50 },
      ),
    ),
  )
  fc.assert(
    fc.property(values, sent => {
      checkDoubles(sent)
    }),
    { numRuns: 2000 },
  )
})

test('ids keep their bytes', () => {
  fc.assert(
    fc.property(fc.constantFrom(8, 16, 24), fc.nat(20), (width, count) => {
      const ids = Uint8Array.from(noise((count + 2) * width, 256))
      const chunk = encodeFixed(ids, width, 1, count + 1)
      const { values, width: bytes } = decodeChunk(chunk, chunk.bytes)
      assert.is(bytes, width)
      assert.equal([...values], [...ids.subarray(width, (count + 1) * width)])
    }),
  )
})

test('an encoding that is not known is refused', () => {
  const chunk = encodeIntegers([1, 2] as never, 0, 2)
  assert.throws(() => decodeChunk({ ...chunk, encoding: 99 }, chunk.bytes), /encoding 99/)
})

test.run()
