import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeBlock } from '../src/storage/block/writer.ts'
import { appendOtlp } from '../src/storage/live/decode-otlp.ts'
import { LiveSegment } from '../src/storage/live/live-segment.ts'
import type { MergeFigures } from './compaction-merge.ts'
import { generate } from './generate.ts'
import { benchDirectory } from './process.ts'

const inputs = 8
const startMs = 1_700_000_000_000

/** Blocks of one window into one, in a process of its own, with a small and a common budget. */
export function benchCompaction(spans: number): void {
  const directory = benchDirectory()
  try {
    let inputBytes = 0
    const paths = Array.from({ length: inputs }, (_, i) => join(directory.path, `${i}.vblk`))
    for (const [i, path] of paths.entries()) {
      const bytes = blockBytes(Math.ceil(spans / inputs), i + 1)
      inputBytes += bytes.length
      writeFileSync(path, bytes)
    }
    for (const budgetMb of [16, 64]) {
      const script = new URL('compaction-merge.ts', import.meta.url).pathname
      const run = spawnSync(process.execPath, [script, String(budgetMb), ...paths], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      if (run.status !== 0) throw new Error(`the merge ended with ${run.status}`)
      const figures = JSON.parse(run.stdout) as MergeFigures
      const perMillion = (figures.cpuSeconds / figures.spans) * 1e6
      console.log(
        `compaction of ${inputs} blocks, ${(inputBytes / 1e6).toFixed(0)} MB, budget ${budgetMb} MB: ${perMillion.toFixed(2)} CPU-s per 1 M spans, ${(figures.bytes / figures.spans).toFixed(1)} B/span (inputs ${(inputBytes / figures.spans).toFixed(1)}), peak RSS ${figures.peakRssMb.toFixed(0)} MB of which ${figures.idleRssMb.toFixed(0)} before, pauses p99 ${figures.pauseP99Ms.toFixed(0)} ms, max ${figures.pauseMaxMs.toFixed(0)} ms`,
      )
    }
  } finally {
    directory.remove()
  }
}

function blockBytes(spans: number, seed: number): Buffer {
  const segment = new LiveSegment()
  for (const { body } of generate({ spans, startMs, durationMs: 600_000, seed })) {
    appendOtlp(segment, body)
  }
  const parts: Uint8Array[] = []
  const steps = writeBlock(segment, bytes => parts.push(bytes))
  while (!steps.next().done);
  return Buffer.concat(parts)
}
