import type { Values } from '../../model/column-batch.ts'

/**
 * The greatest value of an array, 0 of an empty one. Every chunk of codes goes through here, so each
 * kind of array has a loop of its own: one loop for all of them is thirty times as slow.
 */
export function greatestOf(values: Values): number {
  if (values instanceof Uint8Array) return greatestOfBytes(values)
  if (values instanceof Uint16Array) return greatestOfShorts(values)
  if (values instanceof Uint32Array) return greatestOfWords(values)
  return greatestOfDoubles(values)
}

function greatestOfBytes(values: Uint8Array): number {
  let greatest = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > greatest) greatest = values[i]!
  return greatest
}

function greatestOfShorts(values: Uint16Array): number {
  let greatest = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > greatest) greatest = values[i]!
  return greatest
}

function greatestOfWords(values: Uint32Array): number {
  let greatest = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > greatest) greatest = values[i]!
  return greatest
}

function greatestOfDoubles(values: Float64Array): number {
  let greatest = 0
  for (let i = 0; i < values.length; i++) if (values[i]! > greatest) greatest = values[i]!
  return greatest
}
