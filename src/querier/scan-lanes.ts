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
 * The same for a search, in rounds: the first looks at the newest slice alone, which is enough for
 * most, and each later one at several times as much. With one thread there is one round, as a
 * scan stops by itself.
 */
export function dealRounds(
  blockId: string,
  newestFirst: readonly number[],
  lanes: number,
): LaneGroups[][] {
  if (lanes === 1) return [dealGroups(blockId, newestFirst, lanes)]
  const rounds: LaneGroups[][] = []
  let size = sliceGroups
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
