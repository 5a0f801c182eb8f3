/**
 * How the row groups of a block are dealt to threads. Groups next to each other form a slice, and
 * a slice always goes to the same thread, so that no two threads cache the same columns.
 */

/** At 32 Ki spans a group, a slice is a few milliseconds of work: more than handing it over costs. */
const sliceGroups = 2

/** Rounds grow fast: where the newest slice has too little, a search most often reads everything. */
const roundGrowth = 4

/** Groups for one thread, in the order in which they are to be looked at. */
export interface LaneGroups {
  readonly lane: number
  readonly groups: readonly number[]
}

/** One job for each thread that has a part in these groups. */
export function dealGroups(
  blockId: string,
  groups: readonly number[],
  lanes: number,
): LaneGroups[] {
  const byLane = new Map<number, number[]>()
  for (const group of groups) {
    const lane = laneOf(blockId, group, lanes)
    const own = byLane.get(lane)
    if (own) own.push(group)
    else byLane.set(lane, [group])
  }
  return [...byLane].map(([lane, own]) => ({ lane, groups: own }))
}

/**
 * Of a search the newest slice, which is enough for most, and what is left. With one thread nothing
 * is, as a scan stops by itself.
 */
export function firstRound(
  blockId: string,
  newestFirst: readonly number[],
  lanes: number,
): { readonly first: LaneGroups; readonly later: readonly number[] } {
  const lane = laneOf(blockId, newestFirst[0] ?? 0, lanes)
  const other = newestFirst.findIndex(group => laneOf(blockId, group, lanes) !== lane)
  const size = other < 0 ? newestFirst.length : Math.min(other, sliceGroups)
  return { first: { lane, groups: newestFirst.slice(0, size) }, later: newestFirst.slice(size) }
}

/** The rest of a search, in rounds, each several times as large as the one before. */
export function dealRounds(
  blockId: string,
  newestFirst: readonly number[],
  lanes: number,
): LaneGroups[][] {
  const rounds: LaneGroups[][] = []
  let size = sliceGroups * roundGrowth
  for (let from = 0; from < newestFirst.length; ) {
    rounds.push(dealGroups(blockId, newestFirst.slice(from, from + size), lanes))
    from += size
    size *= roundGrowth
  }
  return rounds
}

/** The thread of a group; of group 0 for what is not about groups. */
export function laneOf(blockId: string, group: number, lanes: number): number {
  return (hashText(blockId) + Math.floor(group / sliceGroups)) % lanes
}

/** FNV-1a. */
function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0
  }
  return hash
}
