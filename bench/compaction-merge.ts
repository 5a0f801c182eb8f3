import { statSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { systemDisk } from '../src/base/disk.ts'
import { createBlockCache } from '../src/storage/block/block-cache.ts'
import type { WrittenBlock } from '../src/storage/block/block-emitter.ts'
import { BlockFile } from '../src/storage/block/block-file.ts'
import { mergeBlocks } from '../src/storage/block/merge.ts'
import { Spill } from '../src/storage/spill.ts'

/** What `bench/compaction.ts` measures: merges the files that it is called with. */
export interface MergeFigures {
  readonly spans: number
  readonly bytes: number
  readonly cpuSeconds: number
  readonly idleRssMb: number
  readonly peakRssMb: number
  /** How long others of the thread wait for their turn. */
  readonly pauseP99Ms: number
  readonly pauseMaxMs: number
}

const [budgetMb, ...paths] = process.argv.slice(2)
const memoryBytes = Number(budgetMb) * 1024 * 1024
const cache = createBlockCache(memoryBytes / 4)
const inputs = await Promise.all(
  paths.map((path, i) => {
    const read = (offset: number, length: number) => systemDisk.readRange(path, offset, length)
    return BlockFile.open(`input-${i}`, { object: path, size: statSync(path).size, read }, cache)
  }),
)
const spill = new Spill({
  disk: systemDisk,
  path: `${paths[0]}.spill`,
  heldBytesMax: memoryBytes / 8,
})
const steps = mergeBlocks(inputs, { memoryBytes: memoryBytes / 4, spill })
const idleRssMb = process.memoryUsage().rss / 1e6
const before = process.cpuUsage()
const pauses = monitorEventLoopDelay({ resolution: 1 })
pauses.enable()
let written: WrittenBlock | undefined
while (!written) {
  const step = await steps.next()
  if (step.done) written = step.value
  else await nextTurn()
}
const { user, system } = process.cpuUsage(before)
spill.close()
const figures: MergeFigures = {
  spans: written.spans,
  bytes: written.bytes,
  cpuSeconds: (user + system) / 1e6,
  idleRssMb,
  peakRssMb: process.resourceUsage().maxRSS / 1000,
  pauseP99Ms: pauses.percentile(99) / 1e6,
  pauseMaxMs: pauses.max / 1e6,
}
console.log(JSON.stringify(figures))
