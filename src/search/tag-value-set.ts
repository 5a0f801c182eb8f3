import type { TagValue } from '../contract/queries.ts'

/** Distinct values by type. */
export type TagValueSet = Map<TagValue['type'], Set<string>>

export function addValue(into: TagValueSet, type: TagValue['type'], value: string): void {
  const known = into.get(type)
  if (known) known.add(value)
  else into.set(type, new Set([value]))
}

export function addValues(into: TagValueSet, from: Iterable<[TagValue['type'], Iterable<string>]>) {
  for (const [type, values] of from) for (const value of values) addValue(into, type, value)
}

export function countValues(values: TagValueSet): number {
  let count = 0
  for (const ofType of values.values()) count += ofType.size
  return count
}

/** By type, then by value; the first `limit` of them, all when it is 0. */
export function sortedValues(values: TagValueSet, limit: number): TagValue[] {
  const sorted: TagValue[] = []
  for (const type of [...values.keys()].sort()) {
    for (const value of [...values.get(type)!].sort()) {
      if (limit > 0 && sorted.length === limit) return sorted
      sorted.push({ type, value })
    }
  }
  return sorted
}
