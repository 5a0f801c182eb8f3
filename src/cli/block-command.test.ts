import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ManualClock } from '../base/clock.ts'
import { systemDisk } from '../base/disk.ts'
import { smallBlock } from '../storage/block/small-block-fixture.ts'
import { runBlockCommand } from './block-command.ts'
import { Progress } from './progress.ts'

const test = suite('block command')

const directory = await mkdtemp(join(tmpdir(), 'vivace-cli-'))
test.after(() => rm(directory, { recursive: true }))

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(directory, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, bytes)
  return path
}

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', '']
  const code = await runBlockCommand(args, {
    disk: systemDisk,
    clock: new ManualClock(),
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
    isInteractive: false,
  })
  return { code, out, err }
}

const block = smallBlock()
const withCommas = (bytes: number) => bytes.toLocaleString('en')
const damaged = Buffer.from(block)
damaged[64] = damaged[64]! ^ 1

const good = await file('tenant/one/data.vblk', block)
await file('tenant/two/data.vblk', block)
await file('tenant/two/block.json', '{}')
const bad = await file('bad/data.vblk', damaged)
const text = await file('text.txt', 'this is not a block but a text that somebody wrote')

test('inspect', async () => {
  const { code, out, err } = await run('inspect', good)
  assert.equal([code, err], [0, ''])
  assert.ok(
    out.startsWith(`${good}\n  4 spans, 3 traces, 1 group, ${withCommas(block.length)} bytes`),
    out,
  )
  assert.match(out, '  from 2023-11-14T22:13:20.000001Z to 2023-11-14T22:13:20.0009Z\n')
  assert.match(out, /^ {2}footer +\d,\d{3} +\d\d\.\d % /m)
  assert.match(out, /^ {2}span +key +text +\d+ +\d+\.\d\d +\d+ +4 +4 +100\.0 % .*packed$/m)
  assert.match(out, /^ {2}span +number +int .* 1 +16 +packed$/m)
})

test('inspect --json: a line for each block, sizes that add up', async () => {
  const { code, out } = await run('inspect', '--json', join(directory, 'tenant'))
  assert.is(code, 0)
  const blocks = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.is(blocks.length, 2)
  for (const { bytes, spans, sections, columns } of blocks) {
    const sum = (list: readonly { bytes: number }[]) => list.reduce((n, one) => n + one.bytes, 0)
    assert.equal([bytes, spans], [block.length, 4])
    assert.is(sum(sections), bytes)
    assert.ok(sum(columns) < bytes)
  }
  const number = blocks[0].columns.find((column: { key: string }) => column.key === 'number')
  assert.equal(number, {
    ...{ key: 'number', scope: 'span', type: 'int', occurrence: 0 },
    ...{ bytes: 8, dictionaryBytes: 0, encodings: ['packed'] },
    ...{ values: 4, presence: 1, min: 1, max: 16 },
  })
})

test('verify: good blocks below a directory', async () => {
  const { code, out, err } = await run('verify', join(directory, 'tenant'))
  assert.equal(
    [code, out, err],
    [0, `2 blocks, ${withCommas(2 * block.length)} bytes: nothing is wrong\n`, ''],
  )
})

test('verify: a damaged block among others', async () => {
  const { code, out } = await run('verify', good, bad)
  assert.is(code, 1)
  const [problem, summary] = out.trim().split('\n')
  assert.match(problem!, new RegExp(`^${bad}: column [a-z.]+, byte \\d+: checksum of column`))
  assert.is(summary, `2 blocks, ${withCommas(2 * block.length)} bytes: 1 damaged`)
  const { out: json } = await run('verify', '--json', bad)
  const { object, column, offset, what } = JSON.parse(json)
  assert.equal([object, typeof offset, what], [bad, 'number', `checksum of column ${column}`])
})

test('what is no block: said, and the others are shown all the same', async () => {
  const { code, out, err } = await run('inspect', text, good)
  assert.is(code, 1)
  assert.match(err, /bad magic in .*text\.txt/)
  assert.match(out, /4 spans/)
  assert.is((await run('verify', text)).code, 1)
})

const wrong: readonly [args: string[], says: RegExp][] = [
  [[], /^usage: vivace block inspect/],
  [['frobnicate', good], /^usage: /],
  [['verify'], /^verify which block\?/],
  [['inspect', '--fast', good], /Unknown option '--fast'[\s\S]*usage: /],
  [['verify', join(directory, 'nowhere')], /^there is nothing at .*nowhere\n$/],
]
for (const [args, says] of wrong) {
  test(`a wrong command line: ${args[0] ?? 'nothing'} ${args.length}`, async () => {
    const { code, out, err } = await run(...args)
    assert.equal([code, out], [2, ''])
    assert.match(err, says)
  })
}

test('a directory without blocks', async () => {
  await mkdir(join(directory, 'empty'))
  const { code, err } = await run('verify', join(directory, 'empty'))
  assert.is(code, 2)
  assert.match(err, /there is no data\.vblk in .*empty/)
})

test('--help', async () => {
  const { code, out } = await run('--help')
  assert.is(code, 0)
  assert.match(out, /^usage: /)
})

/** What is written while ten tenths of some work take so long each. */
function shown(isInteractive: boolean, tenthMs: number): string {
  const clock = new ManualClock()
  let err = ''
  const terminal = {
    ...{ disk: systemDisk, clock, isInteractive, out: () => undefined },
    err: (text: string) => {
      err += text
    },
  }
  const progress = new Progress(terminal, 10)
  for (let i = 0; i < 10; i++) {
    clock.advance(tenthMs)
    progress.advance(1, 'block')
  }
  progress.clear()
  return err
}

test('progress: nothing for short work, a bar on a terminal, lines in a log', () => {
  assert.is(shown(true, 20), '')
  assert.is(shown(false, 500), '')
  assert.match(
    shown(true, 200),
    /\r\[#{9}\.{21}\] {2}30 % block *\r[\s\S]*\r\[#{30}\] 100 % block *\r +\r$/,
  )
  assert.is(shown(false, 5000), ' 20 % block\n 40 % block\n 60 % block\n 80 % block\n100 % block\n')
})

test.run()
