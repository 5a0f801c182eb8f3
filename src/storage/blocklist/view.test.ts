import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { idsOf, metaOf } from './fixture.ts'
import type { LogEntry } from './log-entry.ts'
import { applyEntry, emptyView, planChange } from './view.ts'

const test = suite('block list view')

function entry(adds: string[], removes: string[] = [], deleted: string[] = []): LogEntry {
  return { adds: adds.map(id => metaOf(id)), removes, deleted, by: 'x', atMs: 1 }
}

function viewOf(...entries: LogEntry[]) {
  return entries.reduce((view, next, i) => applyEntry(view, i + 1, next), emptyView)
}

test('whatever entries say, a block is added once and does not come back', () => {
  assert.equal(idsOf(viewOf(entry(['a']), entry([], ['a']), entry(['a']))), [])
  const twice = applyEntry(viewOf(entry(['a'])), 2, {
    ...entry([]),
    adds: [metaOf('a', { spans: 99 })],
  })
  assert.is(twice.blocks.get('a')?.spans, 10)
})

test('a block is removed by the first entry that says so', () => {
  const view = viewOf(entry(['a']), entry([], ['a']), entry([], ['a', 'never']))
  assert.equal([...view.removed], [['a', { seq: 2, atMs: 1 }]])
})

test('deleting forgets removed blocks only', () => {
  const view = viewOf(entry(['a', 'b']), entry([], ['a']), entry([], [], ['a', 'b']))
  assert.equal(idsOf(view), ['b'])
  assert.is(view.removed.size, 0)
})

test('an entry may add and remove the same block', () => {
  const view = viewOf(entry(['a'], ['a']))
  assert.equal([idsOf(view), [...view.removed.keys()]], [[], ['a']])
})

test('a view does not change', () => {
  const before = viewOf(entry(['a']))
  applyEntry(before, 2, entry(['b'], ['a']))
  assert.equal([before.seq, idsOf(before), before.removed.size], [1, ['a'], 0])
})

test('ids like those of prototypes are ids', () => {
  const view = viewOf(entry(['constructor']), entry([], ['constructor']))
  assert.equal([...view.removed.keys()], ['constructor'])
  assert.is(planChange(view, entry(['toString'])).kind, 'commit')
})

test('what is left of a change is planned', () => {
  const view = viewOf(entry(['a', 'b', 'x']), entry(['ab'], ['a']))
  const plan = (...args: Parameters<typeof entry>) => {
    const planned = planChange(view, entry(...args))
    if (planned.kind !== 'commit') return planned
    const { adds, removes, deleted } = planned.change
    return [adds.map(({ id }) => id), removes, deleted]
  }
  assert.equal(plan(['new'], ['b']), [['new'], ['b'], []])
  assert.equal(plan(['new'], ['a', 'b']), { kind: 'refused', gone: ['a'] })
  assert.equal(plan(['ab'], ['a', 'b']), [[], ['b'], []])
  assert.equal(plan(['ab', 'a'], ['a']), { kind: 'already' })
  assert.equal(plan([], ['a', 'b']), [[], ['b'], []])
  assert.equal(plan([], [], ['a', 'b']), [[], [], ['a']])
})

test.run()
