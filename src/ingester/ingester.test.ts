import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Failure } from '../base/errors.ts'
import { everySpan } from '../model/predicate.ts'
import { composeSearch } from '../search/compose.ts'
import { encodeSpans } from '../storage/live/plain-spans-fixture.ts'
import { batch, Simulation, walDirectory } from './simulation-fixture.ts'

const test = suite('ingester')

async function started(...more: ConstructorParameters<typeof Simulation>): Promise<Simulation> {
  const sim = new Simulation(...more)
  await sim.start()
  return sim
}

function localBlocks(sim: Simulation): number {
  return sim.ingester.tenants.reduce((sum, { blocks }) => sum + blocks.length, 0)
}

function walFiles(sim: Simulation): string[] {
  return sim.disk.paths().filter(path => path.startsWith(`${walDirectory}/segments/`))
}

async function after(sim: Simulation, ms: number): Promise<void> {
  sim.clock.advance(ms)
  await sim.ingester.check()
}

/** The code with which work fails. */
async function refusal(work: () => Promise<unknown>): Promise<string> {
  try {
    await work()
  } catch (error) {
    return (error as Failure).code
  }
  return 'none'
}

test('live data is frozen at its age, counted from its first span', async () => {
  const sim = await started()
  await sim.push(batch(1, [1]))
  await after(sim, 30_000)
  await sim.push(batch(2, [2]))
  await after(sim, 29_999)
  assert.is(localBlocks(sim), 0)
  await after(sim, 1)
  assert.is(localBlocks(sim), 1)
  await after(sim, 120_000)
  assert.is(localBlocks(sim), 1, 'nothing new, nothing frozen')
  await sim.check('frozen')
})

test('live data is frozen when it holds too much memory', async () => {
  const sim = await started({ liveBytesMax: 300_000 })
  for (let i = 1; i < 40 && localBlocks(sim) === 0; i++) {
    await sim.push(batch(i, [i], 200))
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setImmediate(resolve))
  }
  assert.ok(localBlocks(sim) > 0)
  await sim.check('frozen early')
})

test('the log keeps only what no block covers', async () => {
  const sim = await started()
  await sim.push(batch(1, [1]))
  await sim.ingester.freezeAll()
  assert.equal(walFiles(sim), [])
  await sim.push(batch(2, [2]))
  assert.is(walFiles(sim).length, 1)
  await sim.restart()
  assert.is(sim.ingester.replayed!.records, 1)
  await sim.check('after a restart')
})

test('blocks are cut at the age of the oldest, merged into one', async () => {
  const sim = await started()
  for (let minute = 0; minute < 9; minute++) {
    await sim.push(batch(minute + 1, [minute, 100]))
    await after(sim, 60_000)
  }
  assert.is(sim.published.length, 0)
  assert.is(localBlocks(sim), 9)
  await after(sim, 120_000)
  assert.is(sim.published.length, 1)
  assert.is(localBlocks(sim), 1)
  await sim.check('cut')
  const [block] = sim.uploaded.values()
  assert.is(block!.columns.spans, 36)
  assert.is(block!.columns.traces, 10)
})

test('blocks are cut at their size, and early when the volume is pressed', async () => {
  for (const more of [{ maxBlockBytes: 1000 }, { localBytesMax: 1000 }]) {
    const sim = await started(more)
    await sim.push(batch(1, [1, 2]))
    await after(sim, 60_000)
    assert.is(sim.published.length, 1, JSON.stringify(more))
  }
})

test('an uploaded block leaves after its time, and is readable in one place or the other', async () => {
  const sim = await started()
  await sim.push(batch(1, [1]))
  await sim.ingester.flush()
  assert.is(localBlocks(sim), 1)
  for (let i = 0; i < 8; i++) {
    await after(sim, 20_000)
    await sim.check(`${i * 20} s after the upload`)
  }
  assert.is(localBlocks(sim), 0)
  assert.equal(sim.disk.paths(), [])
})

test('a store that does not answer keeps the data here, and gets it later', async () => {
  const sim = await started()
  sim.publishFails = true
  await sim.push(batch(1, [1]))
  for (let i = 0; i < 15; i++) await after(sim, 60_000)
  assert.is(localBlocks(sim), 1)
  assert.ok(sim.warnings.some(warning => warning.includes('does not answer')))
  await sim.check('while the store is away')
  sim.publishFails = false
  await after(sim, 60_000)
  assert.is(sim.published.length, 1)
  await sim.check('when it is back')
})

test('a crash between an upload and its marker uploads the same block again', async () => {
  for (let step = 1; step < 60; step++) {
    const sim = await started()
    await sim.push(batch(1, [1]))
    await sim.ingester.freezeAll()
    sim.disk.cutPowerAtStep(step)
    await sim.ingester.flush().catch(() => undefined)
    if (sim.published.length === 0) continue
    await sim.restart()
    await sim.ingester.flush()
    assert.is(new Set(sim.published).size, 1, `step ${step}`)
    await sim.check(`step ${step}`)
    if (sim.published.length === 2) return
  }
  assert.unreachable('no step led to a second upload')
})

test('a batch that is sent again is kept once, also after its first was frozen', async () => {
  const sim = await started()
  const spans = batch(1, [1, 2])
  await sim.push(spans)
  await sim.push(spans)
  await sim.check('sent twice')
  await sim.ingester.freezeAll()
  await sim.push(spans)
  await sim.check('sent again after the freeze')
  await sim.ingester.flush()
  await sim.check('merged')
  const [block] = sim.uploaded.values()
  assert.is(block!.columns.spans, 4)
})

test('too much memory: refused with OVERLOADED until the freeze is done', async () => {
  const sim = await started({ liveBytesMax: 400_000 })
  let refused = 0
  for (let i = 1; i < 60; i++) {
    const code = await refusal(() => sim.push(batch(i, [i], 200)))
    if (code !== 'none') {
      assert.is(code, 'OVERLOADED')
      refused++
    }
  }
  assert.ok(refused > 0)
  await sim.check('while overloaded')
  await sim.ingester.freezeAll()
  assert.is(await refusal(() => sim.push(batch(90, [90]))), 'none')
  await sim.check('after the freeze')
})

test('many tenants with little data are not refused', async () => {
  const sim = await started({ liveBytesMax: 2_000_000 })
  const body = encodeSpans(batch(1, [1]))
  for (let i = 0; i < 300; i++) {
    assert.is(await refusal(() => sim.ingester.push(`tenant-${i}`, body)), 'none', `tenant ${i}`)
    if (i % 20 === 19) await sim.ingester.freezeAll()
  }
})

test('a damaged local block is left aside and named; the others are served', async () => {
  const sim = await started()
  await sim.push(batch(1, [1]))
  await sim.ingester.freezeAll()
  const [data] = sim.disk.paths().filter(path => path.endsWith('data.vblk'))
  sim.acknowledged.clear()
  await sim.push(batch(2, [2]))
  await sim.ingester.freezeAll()
  sim.disk.damage(data!, bytes => bytes.fill(0, bytes.length - 20))
  await sim.restart()
  assert.ok(sim.warnings.some(warning => warning.includes('cannot be read')))
  await sim.check('one block less')
  assert.ok(sim.disk.paths().includes(data!), 'nothing is deleted')
})

test('data that is owed is announced before the first acknowledgement, and withdrawn at the end', async () => {
  const sim = await started()
  assert.equal(sim.owes, [false])
  await sim.push(batch(1, [1]))
  await sim.push(batch(2, [1]))
  assert.equal(sim.owes, [false, true])
  await sim.ingester.flush()
  assert.equal(sim.owes, [false, true, false])
  await sim.push(batch(3, [1]))
  assert.equal(sim.owes, [false, true, false, true])
})

test('a stop keeps what was acknowledged for the next start', async () => {
  const sim = await started()
  await sim.push(batch(1, [1]))
  await sim.ingester.freezeAll()
  await sim.push(batch(2, [1, 2]))
  const stopped = sim.ingester.stop()
  sim.clock.advance(10_000)
  await stopped
  assert.is(await refusal(() => sim.push(batch(3, [3]))), 'UNAVAILABLE')
  await sim.restart()
  await sim.check('after the stop')
})

test('a query that runs while blocks are merged and dropped ends well', async () => {
  const sim = await started({ keepUploadedMs: 0 })
  for (let i = 1; i <= 5; i++) {
    await sim.push(batch(i, [1, i + 10]))
    await sim.ingester.freezeAll()
  }
  const request = { spans: everySpan, traceAll: [], limit: 100, spansPerSpanSet: 3, select: [] }
  const source = sim.ingester.source('t')
  const running = composeSearch([source], request, new AbortController().signal)
  await sim.ingester.flush()
  assert.is((await running).hits.length, 6)
  const { hits } = await composeSearch([source], request, new AbortController().signal)
  assert.is(hits.length, 6, 'one that began before is answered from what it found')
})

test.run()
