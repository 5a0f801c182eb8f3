import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { folder, metaOf } from './fixture.ts'
import { blockMetaKey, encodeBlockMeta, isBlockId, parseBlockMeta } from './meta.ts'
import { openSealedJson, sealJson } from './sealed-json.ts'

const test = suite('block.json')
const key = blockMetaKey(folder, 'b1')

function code(bytes: Uint8Array): string {
  try {
    parseBlockMeta(bytes, key)
    return 'none'
  } catch (error) {
    assert.match((error as Error).message, key)
    return (error as { code: string }).code
  }
}

test('is JSON, and comes back as it was', () => {
  const meta = metaOf('b1', { replaces: ['a', 'b'], level: 1, createdBy: 'pod „ü“' })
  const bytes = encodeBlockMeta(meta)
  assert.equal(parseBlockMeta(bytes, key), meta)
  assert.is(JSON.parse(Buffer.from(bytes).toString()).id, 'b1')
})

test('notices every flipped bit and every cut', () => {
  const bytes = Buffer.from(encodeBlockMeta(metaOf('b1')))
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of [1, 16, 128]) {
      const flipped = Buffer.from(bytes)
      flipped[at]! ^= bit
      assert.is(code(flipped), 'CORRUPT', `byte ${at}`)
    }
    assert.is(code(bytes.subarray(0, at)), 'CORRUPT')
  }
})

test('says politely that a version is not known', () => {
  assert.is(code(sealJson({ ...metaOf('b1'), version: 2 })), 'UNIMPLEMENTED')
  try {
    parseBlockMeta(sealJson({ version: 7 }), key)
    assert.unreachable()
  } catch (error) {
    const expected = `${key} has block description version 7, this server reads version 1`
    assert.is((error as Error).message, expected)
  }
})

test('refuses what is missing, of another type or out of range', () => {
  const good = metaOf('b1')
  for (const bad of [
    { id: undefined },
    { id: '../b' },
    { id: '' },
    { version: '1' },
    { spans: -1 },
    { spans: 1.5 },
    { bytes: 2 ** 53 },
    { traces: '10' },
    { index: null },
    { index: [] },
    { index: { offset: 0, entries: 0 } },
    { minStartNs: 5 },
    { minStartNs: '-1' },
    { maxEndNs: '18446744073709551616' },
    { maxStartNs: '1e9' },
    { replaces: [1] },
    { replaces: 'a' },
  ]) {
    assert.is(code(sealJson({ ...good, ...bad })), 'CORRUPT', JSON.stringify(bad))
  }
  for (const text of ['', '{}', '[]', 'null', '{"crc32":"00000000"}']) {
    assert.is(code(Buffer.from(text)), 'CORRUPT')
  }
})

test('leaves properties alone that a later server added', () => {
  const meta = metaOf('b1')
  assert.equal(parseBlockMeta(sealJson({ ...meta, added: { later: 1 } }), key), meta)
})

test('keys from outside cannot reach a prototype', () => {
  const bytes = sealJson(JSON.parse('{"__proto__":{"polluted":true},"version":1}'))
  const value = openSealedJson(bytes, 'x')
  assert.is((value as { polluted?: boolean }).polluted, undefined)
  assert.is(code(bytes), 'CORRUPT')
})

test('knows what can be the id of a block', () => {
  assert.ok(isBlockId('0192f0c1-7f7e-7000-8000-000000000001'))
  for (const text of ['', '_log', '.', '..', 'a/b', '-a', 'a.b', 'x'.repeat(101)]) {
    assert.not.ok(isBlockId(text), text)
  }
})

test.run()
