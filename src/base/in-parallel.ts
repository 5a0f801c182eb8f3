/**
 * Runs `work` for every item, at most `atOnce` at a time and in their order; resolves with the
 * results in the order of the items. The first failure is the result; it aborts the signal that
 * the others were given, and no more are begun.
 */
export async function inParallel<T, R>(
  items: readonly T[],
  atOnce: number,
  signal: AbortSignal,
  work: (item: T, signal: AbortSignal) => Promise<R>,
): Promise<R[]> {
  const failed = new AbortController()
  const both = AbortSignal.any([signal, failed.signal])
  const results: R[] = []
  const waiting = items.entries()
  const lane = async () => {
    for (const [i, item] of waiting) {
      if (failed.signal.aborted) return
      results[i] = await work(item, both)
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, lane))
    return results
  } catch (error) {
    failed.abort()
    throw error
  }
}
