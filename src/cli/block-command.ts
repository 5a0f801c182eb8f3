import { parseArgs } from 'node:util'
import { asFailure } from '../base/errors.ts'
import { createBlockCache } from '../storage/block/block-cache.ts'
import { BlockFile, type RangeReader } from '../storage/block/block-file.ts'
import { describeBlock } from './describe-block.ts'
import { findBlocks } from './find-blocks.ts'
import { printDescription } from './print-description.ts'
import { counted } from './print-table.ts'
import { printProblem } from './problems.ts'
import { Progress } from './progress.ts'
import type { Terminal } from './terminal.ts'
import { verifyBlock } from './verify-block.ts'

const usage = `usage: vivace block inspect [--json] <path>...
       vivace block verify [--json] <path>...

inspect  what blocks consist of, and how large each column is
verify   reads all of them and checks what can be checked

A path is a data file, or a directory with blocks somewhere below it.
--json   one line of JSON for each block (inspect) or problem (verify)
`

/** Exit codes: 0 fine, 1 something is wrong with a block, 2 the command line is wrong. */
export async function runBlockCommand(
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const command = parseCommand(args)
  if (typeof command === 'string') {
    terminal.err(command)
    return 2
  }
  if (command.name === 'help') {
    terminal.out(usage)
    return 0
  }
  let readers: readonly RangeReader[]
  try {
    readers = await findBlocks(terminal.disk, command.paths)
  } catch (error) {
    terminal.err(`${asFailure(error).message}\n`)
    return 2
  }
  return command.name === 'verify'
    ? verifyBlocks(readers, command.json, terminal)
    : inspectBlocks(readers, command.json, terminal)
}

interface Command {
  readonly name: 'inspect' | 'verify' | 'help'
  readonly json: boolean
  readonly paths: readonly string[]
}

/** Text: what is wrong. */
function parseCommand(args: readonly string[]): Command | string {
  const options = { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } as const
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [name, ...paths] = positionals
    const json = values.json === true
    if (values.help === true) return { name: 'help', json, paths }
    if (name !== 'inspect' && name !== 'verify') return usage
    return paths.length === 0 ? `${name} which block?\n\n${usage}` : { name, json, paths }
  } catch (error) {
    return `${(error as Error).message}\n\n${usage}`
  }
}

/** Footers are small: this cache is only there because readers want one. */
const inspectCacheBytes = 1 << 20

async function inspectBlocks(
  readers: readonly RangeReader[],
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const progress = new Progress(terminal, readers.length)
  let exitCode = 0
  for (const reader of readers) {
    try {
      const cache = createBlockCache(inspectCacheBytes)
      const description = describeBlock(await BlockFile.open(reader.object, reader, cache))
      progress.clear()
      terminal.out(json ? `${JSON.stringify(description)}\n` : printDescription(description))
    } catch (error) {
      progress.clear()
      terminal.err(`${asFailure(error).message}\n`)
      exitCode = 1
    }
    progress.advance(1, reader.object)
  }
  progress.clear()
  return exitCode
}

async function verifyBlocks(
  readers: readonly RangeReader[],
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const total = readers.reduce((sum, reader) => sum + reader.size, 0)
  const progress = new Progress(terminal, total)
  let damaged = 0
  for (const reader of readers) {
    const problems = await verifyBlock(reader, bytes => progress.advance(bytes, reader.object))
    if (problems.length === 0) continue
    damaged++
    progress.clear()
    for (const problem of problems) {
      terminal.out(`${json ? JSON.stringify(problem) : printProblem(problem)}\n`)
    }
  }
  progress.clear()
  if (!json) {
    const state = damaged === 0 ? 'nothing is wrong' : `${damaged} damaged`
    terminal.out(`${counted(readers.length, 'block')}, ${counted(total, 'byte')}: ${state}\n`)
  }
  return damaged === 0 ? 0 : 1
}
