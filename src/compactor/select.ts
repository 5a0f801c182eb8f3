import { createHash } from 'node:crypto'
import type { BlockMeta } from '../storage/blocklist/meta.ts'

/** What bounds a job and its output. */
export interface SelectLimits {
  /** Blocks whose newest spans start within one window are merged with each other. */
  readonly windowMs: number
  readonly blockBytesMax: number
  readonly tracesMax: number
  readonly inputsMax: number
}

/** Blocks of one tenant that become one block. */
export interface CompactionJob {
  /** Made from the ids of the inputs, so that a repeated job is recognised. */
  readonly id: string
  readonly tenant: string
  readonly inputs: readonly BlockMeta[]
  /** Of the output. */
  readonly level: number
}

/** The place of a trace in the index has room for this many row groups. */
const groupsMax = 4096
/** All directories of a job's inputs are in memory, and that of its output. */
const footerBytesMax = 32 * 1024 * 1024
/** While blocks still arrive, fewer of one level are left to wait for more. */
const openWindowInputsMin = 4

/**
 * What to merge of a tenant's list: pure, so that whoever sees the same list finds the same jobs. In
 * a window where blocks may still arrive, only blocks of one level are merged, so that a span is
 * written once per level; in a closed one whatever fits together.
 */
export function selectJobs(
  tenant: string,
  blocks: Iterable<BlockMeta>,
  nowMs: number,
  limits: SelectLimits,
): CompactionJob[] {
  const jobs: CompactionJob[] = []
  for (const [window, members] of windowsOf(blocks, limits.windowMs)) {
    // A block arrives a while after its spans: the window before the current one is open, too.
    const isOpen = (window + 2) * limits.windowMs > nowMs
    const sets = isOpen ? byLevel(members) : [members]
    for (const set of sets) {
      for (const inputs of fitTogether(set, limits)) {
        if (inputs.length < (isOpen ? openWindowInputsMin : 2)) continue
        const level = 1 + Math.max(...inputs.map(block => block.level))
        jobs.push({ id: jobId(tenant, inputs), tenant, inputs, level })
      }
    }
  }
  return jobs
}

/** Newest window first: that is what is queried most. */
function windowsOf(blocks: Iterable<BlockMeta>, windowMs: number): [number, BlockMeta[]][] {
  const windows = new Map<number, BlockMeta[]>()
  for (const block of blocks) {
    const window = Math.floor(Number(BigInt(block.maxStartNs) / 1_000_000n) / windowMs)
    const members = windows.get(window)
    if (members) members.push(block)
    else windows.set(window, [block])
  }
  return [...windows].sort(([a], [b]) => b - a)
}

function byLevel(blocks: readonly BlockMeta[]): BlockMeta[][] {
  const levels = new Map<number, BlockMeta[]>()
  for (const block of blocks) {
    const members = levels.get(block.level)
    if (members) members.push(block)
    else levels.set(block.level, [block])
  }
  return [...levels.values()]
}

/** Runs of blocks, small ones first, that stay within all limits together. */
function fitTogether(blocks: readonly BlockMeta[], limits: SelectLimits): BlockMeta[][] {
  const sorted = [...blocks].sort((a, b) => a.bytes - b.bytes || (a.id < b.id ? -1 : 1))
  const runs: BlockMeta[][] = []
  let run: BlockMeta[] = []
  for (const block of sorted) {
    if (run.length > 0 && !fits([...run, block], limits)) {
      runs.push(run)
      run = []
    }
    run.push(block)
  }
  return run.length > 0 ? [...runs, run] : runs
}

function fits(blocks: readonly BlockMeta[], limits: SelectLimits): boolean {
  const sum = (of: (block: BlockMeta) => number) => blocks.reduce((all, b) => all + of(b), 0)
  return (
    blocks.length <= limits.inputsMax &&
    sum(block => block.bytes) <= limits.blockBytesMax &&
    sum(block => block.traces) <= limits.tracesMax &&
    sum(block => block.groups) <= groupsMax &&
    sum(block => block.footerBytes) <= footerBytesMax
  )
}

function jobId(tenant: string, inputs: readonly BlockMeta[]): string {
  return hashId([tenant, ...inputs.map(block => block.id).sort()])
}

/**
 * The id of what an attempt at a job makes: the next attempt knows what to look for, and two that
 * go on at the same time never write one object.
 */
export function outputId(job: CompactionJob, attempt: number): string {
  return hashId([job.id, String(attempt)])
}

/** In the form of a UUID, as all block ids. */
function hashId(parts: readonly string[]): string {
  const hash = createHash('sha256').update(parts.join('\n')).digest('hex')
  const lengths = [0, 8, 12, 16, 20, 32]
  return lengths
    .slice(1)
    .map((end, i) => hash.slice(lengths[i], end))
    .join('-')
}
