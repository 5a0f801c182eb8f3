import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { dealGroups, dealRounds, firstRound, laneOf } from './scan-lanes.ts'

const test = suite('lanes of scans')

const newestFirst = Array.from({ length: 31 }, (_, i) => 30 - i)

test('every group is dealt once, and always to the same thread', () => {
  for (const lanes of [1, 2, 3, 16]) {
    const dealt = dealGroups('block', newestFirst, lanes)
    assert.equal(new Set(dealt.map(({ lane }) => lane)).size, dealt.length)
    const all = dealt.flatMap(({ groups }) => groups)
    assert.equal(
      all.toSorted((a, b) => b - a),
      newestFirst,
    )
    for (const { lane, groups } of dealt) {
      for (const group of groups) assert.is(laneOf('block', group, lanes), lane)
    }
  }
})

test('threads get equal parts, in the order that was asked for', () => {
  const [first, second] = dealGroups('block', newestFirst, 2)
  assert.ok(Math.abs(first!.groups.length - second!.groups.length) <= 2)
  assert.equal(
    first!.groups,
    first!.groups.toSorted((a, b) => b - a),
  )
})

test('blocks begin at different threads', () => {
  const ids = Array.from({ length: 50 }, (_, i) => `block-${i}`)
  assert.is(new Set(ids.map(id => laneOf(id, 0, 4))).size, 4)
})

test('a search begins with the newest slice alone and goes on in larger and larger rounds', () => {
  const { first, later } = firstRound('block', newestFirst, 2)
  assert.equal(first, { lane: laneOf('block', 30, 2), groups: [30] })
  assert.equal(firstRound('block', later, 2).first.groups, [29, 28])
  const rounds = dealRounds('block', later, 2)
  const sizes = rounds.map(round => round.reduce((sum, { groups }) => sum + groups.length, 0))
  assert.equal(sizes, [8, 22])
})

test('with one thread there is one round', () => {
  const all = { lane: 0, groups: newestFirst }
  assert.equal(firstRound('block', newestFirst, 1), { first: all, later: [] })
  assert.equal(dealGroups('block', [], 2), [])
})

test.run()
