let numbers = new Uint32Array(0)

/** 0, 1, 2 …; shared, not to be changed. */
export function ascending(count: number): Uint32Array {
  if (numbers.length < count) {
    numbers = new Uint32Array(count * 2)
    for (let i = 0; i < numbers.length; i++) numbers[i] = i
  }
  return numbers.subarray(0, count)
}
