import { Corruption } from '../base/errors.ts'
import type { BlockFile } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import { IndexCursor } from '../storage/block/index-cursor.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { LiveSegment } from '../storage/live/live-segment.ts'

/** Traces that are read from the output span by span. */
const sampledTraces = 16

/**
 * Whether a merged block has what its inputs have, before these go: every trace by hash, with all
 * spans where the inputs agree on them, and some traces span by span. Fails with CORRUPT.
 */
export async function verifyMerged(output: BlockFile, inputs: readonly BlockFile[]): Promise<void> {
  const merged = new IndexCursor(output)
  const cursors = inputs.map(input => new IndexCursor(input))
  for (const cursor of [merged, ...cursors]) await cursor.next()
  const sampleEvery = Math.ceil(output.traces / sampledTraces)
  for (let trace = 0; !merged.ended; trace++) {
    const isBehind = cursors.some(cursor => !cursor.ended && cursor.isBefore(merged))
    if (isBehind) throw differs(output, 'a trace too few')
    const copies = cursors.filter(cursor => !cursor.ended && isSameHash(cursor, merged))
    if (copies.length === 0) throw differs(output, 'a trace that no input has')
    const agree = copies.every(copy => isEqual(copy, copies[0]!))
    if (agree ? !isEqual(merged, copies[0]!) : copies.some(copy => copy.spans > merged.spans)) {
      throw differs(output, 'a trace with other spans')
    }
    if (trace % sampleEvery === 0) await verifyTrace(output, merged)
    const { hashHigh, hashLow } = merged
    await advance(merged)
    // Different ids of one hash are as rare as they are unimportant here: all count as one.
    while (!merged.ended && merged.hashHigh === hashHigh && merged.hashLow === hashLow) {
      await advance(merged)
    }
    for (const copy of copies) {
      while (!copy.ended && copy.hashHigh === hashHigh && copy.hashLow === hashLow) {
        await advance(copy)
      }
    }
  }
  if (cursors.some(cursor => !cursor.ended)) throw differs(output, 'a trace too few')
}

async function advance(cursor: IndexCursor): Promise<void> {
  if (!cursor.step()) await cursor.next()
}

function isSameHash(a: IndexCursor, b: IndexCursor): boolean {
  return a.hashHigh === b.hashHigh && a.hashLow === b.hashLow
}

function isEqual(a: IndexCursor, b: IndexCursor): boolean {
  return (
    a.spans === b.spans &&
    a.fingerprintLow === b.fingerprintLow &&
    a.fingerprintHigh === b.fingerprintHigh
  )
}

/** Reads the trace's spans; their fingerprint must be what the index says. */
async function verifyTrace(output: BlockFile, entry: IndexCursor): Promise<void> {
  const { group, trace, spans, fingerprintLow, fingerprintHigh } = entry
  const segment = new LiveSegment()
  appendOtlp(segment, await new BlockSource(output).readTrace({ group, trace }))
  const read = segment.traces
  const same =
    read.count === 1 &&
    read.spans[0] === spans &&
    read.fingerprintLow[0] === fingerprintLow &&
    read.fingerprintHigh[0] === fingerprintHigh
  if (!same) throw differs(output, 'a trace whose spans cannot be read back')
}

function differs(output: BlockFile, what: string): Corruption {
  return new Corruption(`merged block has ${what}`, { object: output.reader.object })
}
