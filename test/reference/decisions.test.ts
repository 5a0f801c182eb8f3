import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  array,
  attributes,
  bool,
  double,
  hexId,
  int,
  type PlainSpan,
  plainSpan,
  text,
} from '../../src/storage/live/plain-spans-fixture.ts'
import { search } from './search.ts'
import { goodQuery } from './tempo-answer.ts'
import { tracesOf } from './trace.ts'

/** What the corpus leaves open, or where Tempo is not followed: one span per row. */

const test = suite('reference evaluator, decisions')

const event = (name: string, members: Parameters<typeof attributes>[0] = {}) => ({
  timeNs: plainSpan().startNs,
  name,
  attributes: attributes(members),
})

const spans: Readonly<Record<string, Partial<PlainSpan>>> = {
  int: { attributes: attributes({ x: int(5) }) },
  double: { attributes: attributes({ x: double(5) }) },
  text: { attributes: attributes({ x: text('5') }) },
  big: { attributes: attributes({ x: int(2n ** 53n + 1n) }) },
  nan: { attributes: attributes({ x: double(Number.NaN) }) },
  list: { attributes: attributes({ x: array(int(5), int(6)) }) },
  empty: { attributes: attributes({ x: array() }) },
  zero: { attributes: attributes({ zero: int(0), two: int(2) }) },
  bools: { attributes: attributes({ yes: bool(true) }) },
  both: {
    attributes: attributes({ y: text('span') }),
    resource: attributes({ y: text('resource') }),
  },
  events: { events: [event('a', { n: int(1), m: int(1) }), event('b', { n: int(2), m: int(2) })] },
  bare: { events: [event('c')] },
}

/** Each is a trace of its own, in order of the names above. */
const traces = tracesOf(
  Object.values(spans).map((more, i) => plainSpan({ ...more, traceId: hexId(i + 1, 16) })),
)

function namesOf(query: string): string[] {
  const found = search(goodQuery(query), traces).map(({ trace }) => trace.traceId)
  return Object.keys(spans).filter((_name, i) => found.includes(hexId(i + 1, 16)))
}

const table: readonly (readonly [query: string, names: readonly string[]])[] = [
  // Numbers are numbers, whatever their type.
  ['{ .x = 5 }', ['int', 'double', 'list']],
  ['{ .x = 5.0 }', ['int', 'double', 'list']],
  ['{ .x = 5ns }', ['int', 'double', 'list']],
  ['{ .x > 4.5 }', ['int', 'double', 'big', 'list']],
  ['{ 5 < .x }', ['big', 'list']],
  ['{ .x = "5" }', ['text']],
  // 64 bits are exact.
  ['{ .x > 9007199254740992 }', ['big']],
  ['{ .x > 9007199254740992.0 }', ['big']],
  ['{ .x = 9007199254740992.0 }', []],
  // Not a number is no number's equal.
  ['{ .x != 5 }', ['big', 'nan']],
  ['{ .x >= 0 }', ['int', 'double', 'big', 'list']],
  // What is missing compares to nothing, and to be missing is not to be equal.
  ['{ .z != 1 }', []],
  ['{ !(.y = "span") && .y != nil }', []],
  ['{ .x = nil && span:childCount = 0 && .zero != nil }', ['zero']],
  ['{ .x != nil && !(.x = .x) }', ['nan', 'list']],
  // An empty array is missing.
  ['{ .x != nil }', ['int', 'double', 'text', 'big', 'nan', 'list']],
  // No element may be equal; two arrays cannot be compared.
  ['{ .x != 6 }', ['int', 'double', 'big', 'nan']],
  ['{ .x != 7 }', ['int', 'double', 'big', 'nan', 'list']],
  ['{ .x + 1 = 6 }', ['int', 'double']],
  // Arithmetic of ints: no division by zero, wrapping, powers in their order.
  ['{ .two / .zero = 0 }', []],
  ['{ !(.two / .zero = 0) && .zero = 0 }', ['zero']],
  ['{ .two / 0.0 > 1 }', ['zero']],
  ['{ .two ^ 3 = 8 }', ['zero']],
  ['{ 2 ^ 3 ^ .two = 512 }', ['zero']],
  ['{ .two + maxInt < 0 }', ['zero']],
  ['{ -.two + 5 = 3 }', ['zero']],
  ['{ 7 % -.two = 1 }', ['zero']],
  // Wrong types make a condition false, and no error.
  ['{ !.two }', []],
  ['{ !.yes = false }', ['bools']],
  ['{ -.yes = 1 }', []],
  ['{ .missing || .yes }', ['bools']],
  // Without a scope the span comes before its resource.
  ['{ .y = "span" }', ['both']],
  ['{ .y = "resource" }', []],
  ['{ resource.y = "resource" }', ['both']],
  // Conditions that are joined by && alone are about one event.
  ['{ event.n = 1 && event.m = 1 }', ['events']],
  ['{ event.n = 1 && event.m = 2 }', []],
  ['{ event.n = 1 && event.m = 2 || false }', ['events']],
  ['{ event.n = 1 } | { event.m = 2 }', ['events']],
  ['{ event:name = "a" && event.n != 2 }', ['events']],
  // Alone, a negative one is about all of them, and one has to have a value.
  ['{ event.n != 2 }', []],
  ['{ event.n != 3 }', ['events']],
  ['{ event:name !~ "a|b" }', ['bare']],
  ['{ event.n = nil }', ['bare']],
  ['{ !(event.n = nil) && event:name != nil }', ['events']],
]

for (const [query, names] of table) {
  test(`${query} finds ${names.length === 0 ? 'nothing' : names.join(', ')}`, () => {
    assert.equal(namesOf(query), [...names])
  })
}

test('a constant division by zero is refused', () => {
  assert.throws(() => goodQuery('{ .x = 1 / 0 }'), /division by zero/)
})

/** A tree of one trace: name -> parent's name. */
const tree: Readonly<Record<string, string>> = {
  ...{ root: '', left: 'root', right: 'root', leaf: 'left', second: '', below: 'second' },
  // The parent of one is missing, the others are each other's parents.
  ...{ orphan: 'gone', underOrphan: 'orphan', ring: 'ring2', ring2: 'ring', self: 'self' },
}
const names = Object.keys(tree)
const idOf = (name: string) => (name === '' ? '' : hexId(names.indexOf(name) + 100, 8))
const treeTraces = tracesOf(
  names.map(name => plainSpan({ name, spanId: idOf(name), parentId: idOf(tree[name]!) })),
)

function spansOf(query: string): string[] {
  const [hit] = search(goodQuery(query), treeTraces)
  const found = hit?.spansets.flatMap(({ spans }) => spans.map(({ span }) => span.name)) ?? []
  return found.sort()
}

const structure: readonly (readonly [query: string, names: readonly string[]])[] = [
  ['{ name = "root" } > { }', ['left', 'right']],
  ['{ name = "root" } >> { }', ['leaf', 'left', 'right']],
  ['{ name = "leaf" } << { }', ['left', 'root']],
  ['{ name = "leaf" } < { }', ['left']],
  ['{ name = "root" } ~ { }', ['second']],
  ['{ name = "left" } ~ { name =~ "left|right" }', ['right']],
  ['{ name = "orphan" } >> { }', []],
  ['{ name =~ "ring.*" } > { name =~ "ring.*" }', []],
  ['{ name = "self" } > { name = "self" }', []],
  ['{ name = "orphan" } !> { name =~ ".*rphan" }', ['orphan', 'underOrphan']],
  ['{ name = "root" } !>> { name =~ "l.*|r.*t" }', ['root']],
  ['{ name = "missing" } !> { name = "leaf" }', ['leaf']],
  ['{ name = "root" } &> { name = "left" }', ['left', 'root']],
  ['{ } &> { name = "below" }', ['below', 'second']],
  ['{ name = "leaf" } &<< { }', ['leaf', 'left', 'root']],
  ['{ name = "root" } > { } > { }', ['leaf']],
  ['{ name = "leaf" } || { name = "root" } && { name = "missing" }', []],
  ['{ nestedSetParent = -1 }', ['root', 'second']],
  ['{ nestedSetLeft = 0 }', ['orphan', 'ring', 'ring2', 'self', 'underOrphan']],
  ['{ span:childCount > 0 }', ['left', 'orphan', 'ring', 'root', 'second']],
]

for (const [query, wanted] of structure) {
  test(`${query} finds ${wanted.length === 0 ? 'nothing' : wanted.join(', ')}`, () => {
    assert.equal(spansOf(query), [...wanted])
  })
}

test.run()
