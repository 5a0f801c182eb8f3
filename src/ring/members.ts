/** The processes of a cluster as one of them sees them: who answered, not who was written down. */

export type MemberState = 'JOINING' | 'ACTIVE' | 'LEAVING'

export interface Member {
  /** Configured name; stable over restarts. */
  readonly instance: string
  readonly targets: readonly string[]
  readonly state: MemberState
  /** Host and port of its internal calls. */
  readonly address: string
  readonly version: string
}

export interface Members {
  /** Members with a target that answered lately, sorted by name. */
  withTarget(target: string): readonly Member[]
  all(): readonly Member[]
  /** What this process says of itself from now on. */
  setState(state: MemberState): void
  /** Asks everybody again now. */
  refresh(): Promise<void>
}

/** Alone: there is nobody else to find. */
export function noMembers(): Members {
  return {
    withTarget: () => [],
    all: () => [],
    setState: () => undefined,
    refresh: async () => undefined,
  }
}

/**
 * Rendezvous hashing: the members in order of their weight for a key. Each key has an order of its
 * own, and a member that comes or goes moves only the keys that it has the highest weight for.
 */
export function rankMembers(members: readonly Member[], keyHash: number): Member[] {
  return members
    .map(member => ({ member, weight: mix(hashText(member.instance), keyHash) }))
    .sort((a, b) => b.weight - a.weight || (a.member.instance < b.member.instance ? -1 : 1))
    .map(({ member }) => member)
}

export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
