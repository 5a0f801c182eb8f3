import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type ModuleTable, Registry, startOrder } from './registry.ts'

const test = suite('module registry')

interface Parts {
  store: string
  ingester: string
  querier: string
  api: string
}

/** The usual shape: two modules over one store, one over both. */
function table(steps: string[], fails: { start?: keyof Parts; stop?: keyof Parts } = {}) {
  const module = <N extends keyof Parts>(name: N, needs: readonly (keyof Parts)[]) => ({
    needs,
    async start(parts: { get<M extends keyof Parts>(name: M): Parts[M] }) {
      for (const need of needs) assert.is(parts.get(need), need)
      if (fails.start === name) throw new Error(`${name} does not start`)
      steps.push(`+${name}`)
      const stop = async () => {
        steps.push(`-${name}`)
        if (fails.stop === name) throw new Error(`${name} does not stop`)
      }
      return { part: name as Parts[N], stop }
    },
  })
  const all: ModuleTable<Parts> = {
    api: module('api', ['querier', 'ingester']),
    querier: module('querier', ['store']),
    ingester: module('ingester', ['store']),
    store: module('store', []),
  }
  return all
}

const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log } as never

async function rejects(promise: Promise<unknown>, message: string): Promise<void> {
  try {
    await promise
  } catch (error) {
    assert.is((error as Error).message, message)
    return
  }
  assert.unreachable(message)
}

test('each module comes after what it needs, once, and only if wanted', () => {
  assert.equal(startOrder(table([]), ['api']), ['store', 'querier', 'ingester', 'api'])
  assert.equal(startOrder(table([]), ['ingester', 'store']), ['store', 'ingester'])
  assert.equal(startOrder(table([]), []), [])
})

test('stops in reverse, and says in which state each module is', async () => {
  const steps: string[] = []
  const registry = new Registry(table(steps), log)
  await registry.start(['api'])
  assert.equal([...registry.states().values()], Array(4).fill('Running'))
  assert.is(registry.part('store'), 'store')
  await registry.stop()
  assert.equal(steps, [
    ...['+store', '+querier', '+ingester', '+api'],
    ...['-api', '-ingester', '-querier', '-store'],
  ])
  assert.equal([...registry.states().values()], Array(4).fill('Terminated'))
})

test('a module that does not start ends the start; what runs is stopped', async () => {
  const steps: string[] = []
  const registry = new Registry(table(steps, { start: 'ingester' }), log)
  await rejects(registry.start(['api']), 'ingester does not start')
  assert.is(registry.states().get('ingester'), 'Failed')
  assert.is(registry.states().get('api'), 'New')
  await registry.stop()
  assert.equal(steps, ['+store', '+querier', '-querier', '-store'])
})

test('a module that does not stop does not keep the others from stopping', async () => {
  const steps: string[] = []
  const registry = new Registry(table(steps, { stop: 'querier' }), log)
  await registry.start(['api'])
  await rejects(registry.stop(), 'querier does not stop')
  assert.is(steps.at(-1), '-store')
  assert.is(registry.states().get('querier'), 'Failed')
})

test('nothing is started any more once stopping has begun', async () => {
  const steps: string[] = []
  const registry = new Registry(table(steps), log)
  registry.beginStop()
  await registry.start(['api'])
  assert.equal(steps, [])
  assert.ok(registry.stopping)
})

test.run()
