import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'

/** How memory is shared out, from what the container or machine allows. */
export interface MemoryPlan {
  readonly budgetBytes: number
  /** Live columns at which they are frozen; up to three times that while freezing goes on. */
  readonly liveBytesMax: number
  /** Cached columns of each thread that reads blocks. */
  readonly cacheBytesMax: number
  /** What a merge of blocks may hold. */
  readonly compactionBytesMax: number
}

/** Without a limit from outside, a tracing server on a laptop should stay small. */
const defaultBudgetBytes = 256 * 1024 * 1024
/** The runtime itself, code and buffers. */
const runtimeBytes = 64 * 1024 * 1024
const leastBytes = 8 * 1024 * 1024

/** What the configuration, the environment or the container allows; 0 = nobody says. */
export function memoryLimit(
  configuredBytes: number,
  env: Record<string, string | undefined>,
): number {
  return configuredBytes || goMemoryLimit(env['GOMEMLIMIT']) || cgroupLimit()
}

/** `limitBytes`: of `memoryLimit`. `queryThreads`: those beside the main thread. */
export function planMemory(limitBytes: number, queryThreads: number): MemoryPlan {
  const budgetBytes = limitBytes || Math.min(defaultBudgetBytes, totalmem() / 4)
  const free = Math.max(leastBytes * 2, budgetBytes - runtimeBytes)
  return {
    budgetBytes,
    liveBytesMax: Math.max(leastBytes, Math.floor(free / 8)),
    cacheBytesMax: Math.max(leastBytes, Math.floor(free / 2 / (1 + queryThreads))),
    compactionBytesMax: Math.max(leastBytes, Math.floor(free / 4)),
  }
}

const goUnits: Record<string, number> = {
  B: 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
}

function goMemoryLimit(text: string | undefined): number {
  const match = /^(\d+)(B|KiB|MiB|GiB|TiB)?$/.exec(text ?? '')
  return match ? Number(match[1]) * (goUnits[match[2] ?? 'B'] ?? 1) : 0
}

/** The limit of the control group (v2, then v1), 0 when there is none. */
function cgroupLimit(): number {
  for (const path of ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']) {
    try {
      const bytes = Number(readFileSync(path, 'utf8').trim())
      if (Number.isFinite(bytes) && bytes > 0 && bytes < totalmem()) return bytes
    } catch {
      // Not this version of control groups, or none at all.
    }
  }
  return 0
}
