import { LRUCache } from 'lru-cache'
import { neverEqual, type TraceIndexLanes } from '../model/column-batch.ts'
import { hashKey, type QuerySource, type TraceHash } from './query-source.ts'

/**
 * Which source answers for which trace. A trace that lies in one source stays there. Equal copies
 * (same hash, span count and fingerprint) are answered by the first source that has them. A trace
 * whose parts differ is in the split set: every source leaves it out, and its parts are put
 * together and evaluated as one.
 */
export interface TraceOwnership {
  /** Per source: what it must leave out. */
  readonly excluded: readonly ReadonlySet<string>[]
  readonly split: readonly SplitTrace[]
}

/** A trace whose parts lie in several sources. */
export interface SplitTrace extends TraceHash {
  /** Its sources, by their places in the list that was joined. */
  readonly holders: readonly number[]
  /** Spans of its parts; those of a part that is split inside its source are counted there. */
  readonly spans: number
  /** Its row group in the first of its sources: near groups hold near traces. */
  readonly group: number
}

const nothing: ReadonlySet<string> = new Set()

/** Joins of the last source sets: blocks do not change, and live data only with a push. */
const joins = new LRUCache<string, TraceOwnership>({ max: 64 })
const identities = new WeakMap<object, number>()
let identitiesMade = 0

function identityOf(part: object): number {
  const known = identities.get(part)
  if (known !== undefined) return known
  identities.set(part, ++identitiesMade)
  return identitiesMade
}

export async function joinSources(sources: readonly QuerySource[]): Promise<TraceOwnership> {
  const parts = sources.map(source => source.identity)
  if (!parts.every(part => part !== null)) return joinIndexes(sources)
  const key = parts.map(part => part.map(identityOf).join(',')).join('|')
  const known = joins.get(key)
  if (known) return known
  const joined = await joinIndexes(sources)
  joins.set(key, joined)
  return joined
}

/**
 * Merge-joins the trace-ID indexes. Also of sources whose time ranges do not touch: a late span
 * lies where no other span of its trace is.
 */
async function joinIndexes(sources: readonly QuerySource[]): Promise<TraceOwnership> {
  const joined = sources
    .map((source, i) => ({ source, i }))
    .filter(({ source }) => source.range !== null)
  const excluded: Set<string>[] = sources.map(() => new Set())
  const split: SplitTrace[] = []
  const holderLists = new HolderLists()
  if (joined.length < 2) return { excluded: sources.map(() => nothing), split }
  const indexes = await Promise.all(joined.map(({ source }) => source.index()))
  const at = new Uint32Array(indexes.length)
  for (;;) {
    const least = leastHash(indexes, at)
    if (!least) break
    const holders: number[] = []
    for (let s = 0; s < indexes.length; s++) {
      const index = indexes[s]!
      if (
        at[s]! < index.count &&
        index.hashHigh[at[s]!] === least.high &&
        index.hashLow[at[s]!] === least.low
      ) {
        holders.push(s)
      }
    }
    if (holders.length > 1) {
      const key = hashKey(least.high, least.low)
      const equal = holders.every(s =>
        sameTrace(indexes[holders[0]!]!, at[holders[0]!]!, indexes[s]!, at[s]!),
      )
      if (!equal) {
        const first = holders[0]!
        split.push({
          ...least,
          holders: holderLists.of(holders.map(s => joined[s]!.i)),
          spans: holders.reduce((sum, s) => sum + spansOf(indexes[s]!, at[s]!), 0),
          group: indexes[first]!.group[at[first]!]!,
        })
      }
      for (const s of equal ? holders.slice(1) : holders) excluded[joined[s]!.i]!.add(key)
    }
    for (const s of holders) at[s] = at[s]! + 1
  }
  return { excluded, split }
}

function leastHash(
  indexes: readonly TraceIndexLanes[],
  at: Uint32Array,
): { high: number; low: number } | null {
  let high = -1
  let low = 0
  for (let s = 0; s < indexes.length; s++) {
    const index = indexes[s]!
    const i = at[s]!
    if (i >= index.count) continue
    const h = index.hashHigh[i]!
    const l = index.hashLow[i]!
    if (high < 0 || h < high || (h === high && l < low)) {
      high = h
      low = l
    }
  }
  return high < 0 ? null : { high, low }
}

/** Equal lists of sources as one object: there are few, and many traces. */
class HolderLists {
  readonly #lists = new Map<string, readonly number[]>()

  of(holders: readonly number[]): readonly number[] {
    const key = holders.join()
    const known = this.#lists.get(key)
    if (known) return known
    this.#lists.set(key, holders)
    return holders
  }
}

function spansOf(index: TraceIndexLanes, i: number): number {
  const spans = index.spans[i]!
  return spans === neverEqual ? index.fingerprintLow[i]! : spans
}

function sameTrace(a: TraceIndexLanes, i: number, b: TraceIndexLanes, j: number): boolean {
  return (
    a.spans[i] === b.spans[j] &&
    a.spans[i] !== neverEqual &&
    a.fingerprintLow[i] === b.fingerprintLow[j] &&
    a.fingerprintHigh[i] === b.fingerprintHigh[j]
  )
}
