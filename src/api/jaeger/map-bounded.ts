/**
 * `map` over all items, at most `runningMax` at a time; results in the order of the items. After
 * the first failure nothing new is begun, and that failure is thrown.
 */
export async function mapBounded<T, R>(
  items: readonly T[],
  runningMax: number,
  map: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length)
  let next = 0
  let failed = false
  const work = async (): Promise<void> => {
    while (next < items.length && !failed) {
      const at = next++
      try {
        results[at] = await map(items[at]!)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(runningMax, items.length) }, work))
  return results
}
