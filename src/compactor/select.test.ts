import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { metaOf } from '../storage/blocklist/fixture.ts'
import type { BlockMeta } from '../storage/blocklist/meta.ts'
import { outputId, type SelectLimits, selectJobs } from './select.ts'

const test = suite('selection of blocks')

const hourMs = 3_600_000
const startMs = 1_700_000_000_000 - (1_700_000_000_000 % hourMs)
const limits: SelectLimits = {
  windowMs: hourMs,
  blockBytesMax: 1000,
  tracesMax: 500,
  inputsMax: 5,
}

function blockAt(id: string, window: number, more: Partial<BlockMeta> = {}): BlockMeta {
  const maxStartNs = String(BigInt(startMs + window * hourMs + 5) * 1_000_000n)
  return metaOf(id, { maxStartNs, bytes: 10, traces: 2, ...more })
}

function chosen(blocks: readonly BlockMeta[], nowWindow: number): string[] {
  const jobs = selectJobs('t', blocks, startMs + nowWindow * hourMs, limits)
  return jobs.map(({ inputs, level }) => `${inputs.map(block => block.id).join('+')}:${level}`)
}

test('blocks of a closed window are merged whatever their level, windows never', () => {
  const blocks = [blockAt('a', 0), blockAt('b', 0, { level: 3 }), blockAt('c', 1), blockAt('d', 1)]
  assert.equal(chosen(blocks, 10), ['c+d:1', 'a+b:4'])
})

test('in an open window only blocks of one level, and only several at once', () => {
  const ids = ['a', 'b', 'c', 'd']
  const three = ids.slice(1).map(id => blockAt(id, 0))
  assert.equal(chosen([blockAt('a', 0, { level: 1 }), ...three], 1), [])
  assert.equal(
    chosen(
      ids.map(id => blockAt(id, 0)),
      1,
    ),
    ['a+b+c+d:1'],
  )
})

test('one block alone is left as it is', () => {
  assert.equal(chosen([blockAt('a', 0), blockAt('b', 1)], 10), [])
})

const someBlocks = fc
  .array(
    fc.record({
      window: fc.integer({ min: 0, max: 2 }),
      bytes: fc.integer({ min: 1, max: 1500 }),
      traces: fc.integer({ min: 1, max: 700 }),
      groups: fc.integer({ min: 1, max: 3000 }),
      level: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 30 },
  )
  .map(list => list.map(({ window, ...more }, i) => blockAt(`b${i}`, window, more)))

test('no job is above a limit, no block is in two, and the order of the list is no matter', () => {
  fc.assert(
    fc.property(someBlocks, fc.integer({ min: 0, max: 5 }), (blocks, now) => {
      const nowMs = startMs + now * hourMs
      const jobs = selectJobs('t', blocks, nowMs, limits)
      const seen = new Set<string>()
      for (const { inputs } of jobs) {
        const sum = (of: (block: BlockMeta) => number) => inputs.reduce((all, b) => all + of(b), 0)
        assert.ok(inputs.length >= 2 && inputs.length <= limits.inputsMax)
        assert.ok(sum(b => b.bytes) <= limits.blockBytesMax)
        assert.ok(sum(b => b.traces) <= limits.tracesMax)
        assert.ok(sum(b => b.groups) <= 4096)
        for (const { id } of inputs) {
          assert.not.ok(seen.has(id))
          seen.add(id)
        }
      }
      const again = selectJobs('t', [...blocks].reverse(), nowMs, limits)
      assert.equal(again.map(job => job.id).sort(), jobs.map(job => job.id).sort())
    }),
  )
})

test('ids depend on tenant, inputs and attempt, and are UUIDs in form', () => {
  const blocks = [blockAt('a', 0), blockAt('b', 0)]
  const [job] = selectJobs('t', blocks, startMs + 10 * hourMs, limits)
  const [other] = selectJobs('u', blocks, startMs + 10 * hourMs, limits)
  const ids = [job!.id, other!.id, outputId(job!, 1), outputId(job!, 2)]
  assert.is(new Set(ids).size, 4)
  for (const id of ids) assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
})

test.run()
