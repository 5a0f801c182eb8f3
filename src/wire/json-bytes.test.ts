import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { escapeHtml, JsonBytes, jsonDouble } from './json-bytes.ts'

const test = suite('json-bytes')

function written(write: (out: JsonBytes) => void): string {
  const out = new JsonBytes(0)
  write(out)
  return out.finish().toString()
}

test('any text comes back from its JSON', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), (a, b) => {
      const bytes = Buffer.from(a + b)
      const json = written(out => out.text(bytes, 0, bytes.length))
      assert.is(JSON.parse(json), bytes.toString())
      assert.not.match(json, /[<>&\u2028]/)
    }),
  )
})

test('bytes that are not UTF-8 become replacement characters', () => {
  const bytes = Buffer.from([0x61, 0xff, 0xc3, 0x62])
  assert.is(JSON.parse(written(out => out.text(bytes, 0, 4))), 'a\ufffd\ufffdb')
})

test('base64 and hex agree with the runtime', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      const buffer = Buffer.from(bytes)
      const base64 = written(out => out.base64(bytes, 0, bytes.length))
      assert.is(base64, `"${buffer.toString('base64')}"`)
      assert.is(
        written(out => out.hex(bytes, 0, bytes.length)),
        `"${buffer.toString('hex')}"`,
      )
    }),
  )
})

test('unsigned 64-bit numbers keep every digit', () => {
  const check = (value: bigint): void => {
    const text = written(out => out.unsigned64(Number(value & 0xffffffffn), Number(value >> 32n)))
    assert.is(text, `"${value}"`)
  }
  for (const value of [0n, 9n, 10n, 999_999_999n, 10n ** 9n, 10n ** 18n, (1n << 64n) - 1n]) {
    check(value)
  }
  fc.assert(fc.property(fc.bigInt(0n, (1n << 64n) - 1n), check))
})

test('whole numbers, doubles', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), value => {
      assert.is(
        written(out => out.whole(value)),
        String(value),
      )
    }),
  )
  assert.equal([Number.NaN, -Infinity, -0, 1e21, 0.1].map(jsonDouble), [
    '"NaN"',
    '"-Infinity"',
    '-0',
    '1e+21',
    '0.1',
  ])
})

test('commas separate members and elements only', () => {
  const out = new JsonBytes(0)
  out.ascii('[')
  for (const value of [1, 2, 3]) {
    out.comma()
    out.whole(value)
  }
  out.ascii(']')
  assert.is(out.finish().toString(), '[1,2,3]')
  assert.is(escapeHtml('"<a&b>"'), '"\\u003ca\\u0026b\\u003e"')
})

test.run()
