// time limit: 300 s
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { PowerCut } from '../base/fault-disk.ts'
import { batch, Simulation } from './simulation-fixture.ts'

/**
 * An ingester's life in small: pushes, freezes, a merge, uploads, blocks that are forgotten. The
 * disk fails in each of its steps in turn; what was acknowledged must be readable afterwards.
 */

const test = suite('ingester on a failing disk')

/** Every step goes on when one before has failed, as clients and timers do. */
const life: readonly ((sim: Simulation) => Promise<unknown>)[] = [
  sim => sim.push(batch(1, [1, 2, 3])),
  sim => sim.push(batch(2, [3, 4])),
  sim => sim.ingester.freezeAll(),
  sim => sim.push(batch(3, [1, 4, 5])),
  sim => sim.push(batch(4, [6])),
  sim => sim.ingester.freezeAll(),
  sim => sim.push(batch(5, [6, 7])),
  sim => sim.ingester.flush(),
  sim => sim.push(batch(6, [7, 1])),
  sim => sim.ingester.freezeAll(),
  sim => checkLater(sim, 61_000),
  sim => checkLater(sim, 61_000),
  sim => sim.push(batch(7, [8])),
  sim => checkLater(sim, 601_000),
  sim => checkLater(sim, 61_000),
  sim => checkLater(sim, 61_000),
  sim => checkLater(sim, 61_000),
]

async function checkLater(sim: Simulation, ms: number): Promise<void> {
  sim.clock.advance(ms)
  await sim.ingester.check()
}

async function live(sim: Simulation): Promise<void> {
  for (const step of life) {
    try {
      await step(sim)
    } catch (error) {
      const planned = error instanceof PowerCut || /EIO|ENOSPC/.test((error as Error).message)
      if (!planned) throw error
    }
  }
}

async function started(): Promise<Simulation> {
  const sim = new Simulation()
  await sim.start()
  return sim
}

test('without failures everything is uploaded once and the volume is empty', async () => {
  const sim = await started()
  await live(sim)
  await sim.check('at the end')
  assert.equal(sim.warnings, [])
  assert.is(sim.acknowledged.size, 28)
  assert.is(new Set(sim.published).size, sim.published.length)
  assert.equal(
    sim.disk.paths().filter(path => path.includes('/blocks/')),
    [],
  )
})

const survivals = ['lost', 'kept', () => 0.5] as const

for (const [i, unsynced] of survivals.entries()) {
  const kind = ['nothing', 'all', 'half'][i]!
  test(`power fails at every step, ${kind} of what was not synced survives`, async () => {
    for (let step = 1; ; step++) {
      const sim = await started()
      const before = sim.disk.steps
      sim.disk.cutPowerAtStep(step)
      await live(sim)
      if (sim.disk.steps - before < step) break
      await sim.restart(unsynced)
      await sim.check(`power cut at step ${step}`)
      await sim.push(batch(90, [1, 9]))
      await sim.ingester.flush()
      await sim.check(`power cut at step ${step}, then a flush`)
      await sim.restart('lost')
      await sim.check(`power cut at step ${step}, then a second one`)
    }
  })
}

for (const code of ['EIO', 'ENOSPC']) {
  for (const lasting of [false, true]) {
    test(`${code} at every step${lasting ? ' and all after it' : ''}`, async () => {
      for (let step = 1; ; step++) {
        const sim = await started()
        const before = sim.disk.steps
        sim.disk.failStep(step, code, { lasting })
        await live(sim)
        if (sim.disk.steps - before < step) break
        await sim.check(`${code} at step ${step}`)
        sim.disk.heal()
        await sim.push(batch(90, [1, 9]))
        await sim.ingester.flush()
        await sim.check(`${code} at step ${step}, then a flush`)
        await sim.restart('lost')
        await sim.check(`${code} at step ${step}, then a power cut`)
      }
    })
  }
}

test('power fails after failed syncs: nothing counts on them', async () => {
  for (let step = 1; ; step++) {
    const sim = await started()
    const before = sim.disk.steps
    sim.disk.failStep(step, 'EIO')
    await live(sim)
    if (sim.disk.steps - before < step) break
    await sim.restart('lost')
    await sim.check(`EIO at step ${step}, then a power cut`)
  }
})

test.run()
