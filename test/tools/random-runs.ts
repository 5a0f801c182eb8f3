import fc from 'fast-check'
import type { Test } from 'uvu'

/** `RUNS` says how many runs each random test has, `SEED` repeats what a failure has printed. */
const runs = Number(process.env['RUNS'] ?? 2000)
const seed = process.env['SEED']

/** Fails with the smallest example found. A long run is told when each of its tests has ended. */
export function randomTest<Example>(
  test: Test,
  name: string,
  property: fc.IRawProperty<Example>,
  asksPerExample = 1,
): void {
  test(name, async () => {
    const startMs = performance.now()
    const numRuns = Math.ceil(runs / asksPerExample)
    await fc.assert(property, {
      numRuns,
      includeErrorInReport: true,
      ...(seed === undefined ? {} : { seed: Number(seed) }),
    })
    const seconds = ((performance.now() - startMs) / 1000).toFixed(1)
    console.log(`random test: ${name}: ${numRuns * asksPerExample} runs, ${seconds} s`)
  })
}
