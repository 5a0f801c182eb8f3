import { hexId, type SentSpan } from '../../tools/spans.ts'
import { chainSpans, siblingSpans, uniqueSpans } from './hostile-cases.ts'

/** Traces that no application makes; each list is one request. */

const spansInUnique = 12

export function hostileSpans(startNs: bigint): SentSpan[][] {
  return [chain(startNs), siblings(startNs), unique(startNs)]
}

/** Every span is the parent of the next. */
function chain(startNs: bigint): SentSpan[] {
  return Array.from({ length: chainSpans }, (_, i) => ({
    ...{ traceId: 'c'.repeat(32), spanId: hexId(i, 16), name: 'chain' },
    ...(i === 0 ? {} : { parentId: hexId(i - 1, 16) }),
    ...{ startNs: startNs + BigInt(i), durationNs: BigInt(chainSpans - i) },
    attributes: { n: i },
  }))
}

/** One root is the parent of all. */
function siblings(startNs: bigint): SentSpan[] {
  return Array.from({ length: siblingSpans }, (_, i) => ({
    ...{ traceId: 'd'.repeat(32), spanId: hexId(i, 16), name: 'sibling' },
    ...(i === 0 ? {} : { parentId: hexId(0, 16) }),
    ...{ startNs: startNs + BigInt(i), durationNs: 1000n },
    attributes: { n: i },
  }))
}

/** Small traces with a value of its own on every span. */
function unique(startNs: bigint): SentSpan[] {
  return Array.from({ length: uniqueSpans }, (_, i) => ({
    ...{ traceId: hexId(Math.floor(i / spansInUnique), 32), spanId: hexId(i, 16), name: 'unique' },
    ...(i % spansInUnique === 0 ? {} : { parentId: hexId(i - 1, 16) }),
    ...{ startNs: startNs + BigInt(i) * 1_000_000n, durationNs: BigInt(1000 + i) },
    attributes: { n: i, unique: `u-${i}`, zero: 0 },
  }))
}
