import { crc32 } from 'node:zlib'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Corruption } from '../base/errors.ts'
import { openBlock } from '../search/sources-fixture.ts'
import { indexEntryBytes } from '../storage/block/format.ts'
import { hexId, type PlainSpan, plainSpan } from '../storage/live/plain-spans-fixture.ts'
import { blockOf, merge } from './merge-fixture.ts'
import { verifyMerged } from './verify.ts'

const test = suite('verification of merged blocks')

const spans = Array.from({ length: 40 }, (_, i): PlainSpan => {
  return plainSpan({ traceId: hexId(1 + (i >> 1), 16), spanId: hexId(1 + i, 8), name: `n${i}` })
})
/** Trace 1 is a copy, trace 10 is split. */
const parts = [spans.slice(0, 19), [...spans.slice(19), ...spans.slice(0, 2)]]

/** What is wrong with a block of `merged` as the output for `parts`; empty when nothing is. */
async function complaint(merged: readonly PlainSpan[]): Promise<string> {
  const inputs = [await blockOf(parts[0]!, 'a'), await blockOf(parts[1]!, 'b')]
  const output = await blockOf(merged, 'output')
  try {
    const files = inputs.map(input => input.file)
    await verifyMerged(output.file, files)
    return ''
  } catch (error) {
    assert.instance(error, Corruption)
    return (error as Corruption).message
  }
}

test('a merge passes', async () => {
  const inputs = [await blockOf(parts[0]!, 'a'), await blockOf(parts[1]!, 'b')]
  const files = inputs.map(input => input.file)
  const output = await openBlock(await merge(files), 'output')
  await verifyMerged(output.file, files)
  assert.is(await complaint(spans), '')
})

test('every difference from the inputs is found', async () => {
  const other = plainSpan({ traceId: hexId(99, 16) })
  assert.match(await complaint(spans.slice(2)), 'a trace too few')
  assert.match(await complaint(spans.slice(0, -2)), 'a trace too few')
  assert.match(await complaint([...spans, other]), 'a trace that no input has')
  assert.match(await complaint(spans.slice(1)), 'a trace with other spans')
  const renamed = spans.map((span, i) => (i === 5 ? { ...span, name: 'renamed' } : span))
  assert.match(await complaint(renamed), 'a trace with other spans')
})

test('spans that cannot be read back as the index says are found', async () => {
  const { file } = await blockOf(spans, 'a')
  const bytes = Buffer.from(await file.read(0, file.reader.size))
  const { indexOffset } = file.f
  const indexBytes = file.traces * indexEntryBytes
  // The low lane of the first trace's fingerprint, wrong in input and output alike.
  const at = indexOffset + 4 * file.traces * 4
  bytes[at] = bytes[at]! ^ 1
  const wrong = (await openBlock(bytes, 'wrong')).file
  wrong.f.indexPageCrc[0] = crc32(bytes.subarray(indexOffset, indexOffset + indexBytes))
  try {
    await verifyMerged(wrong, [wrong])
    assert.unreachable()
  } catch (error) {
    assert.match((error as Error).message, 'a trace whose spans cannot be read back')
  }
})

test.run()
