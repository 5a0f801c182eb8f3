import type { ColumnRef, ColumnSource, Dictionary, Vector } from '../model/column-batch.ts'
import { isDictionaryType, ValueType } from '../model/columns.ts'
import type { CompareOp } from '../model/predicate.ts'
import { type AmongTest, anyAmongTest, markNumbers, numbersAmong } from './among.ts'
import { type Leaf, leavesOf, type PlanNode } from './filter-plan.ts'
import { type Mask, markCode, markNotCode, markNumber, markPresent, markTable } from './kernels.ts'
import type { Pause } from './scan-watch.ts'
import {
  anyValueTest,
  type BytesTest,
  boolOf,
  exactNumber,
  hasValue,
  numberOf,
  overflowTest,
  requiredBytes,
  textTest,
} from './value-test.ts'

/** What a column's stored values are compared with in one group. */
export type StoredTest =
  | { readonly kind: 'never' }
  | { readonly kind: 'present' }
  | { readonly kind: 'code' | 'notCode'; readonly code: number }
  | { readonly kind: 'table'; readonly table: Uint8Array }
  /** A table for which the codes with a 1 are known. */
  | { readonly kind: 'codes'; readonly table: Uint8Array; readonly codes: readonly number[] }
  | { readonly kind: 'numbers'; readonly op: '=' | '!='; readonly values: ReadonlySet<number> }
  | { readonly kind: 'number'; readonly op: CompareOp; readonly value: number }

/** Tests of all leaves of a plan in one group: leaf -> column id -> test. */
export type BoundTests = ReadonlyMap<Leaf, ReadonlyMap<number, StoredTest>>

const never: StoredTest = { kind: 'never' }

/** Asks the dictionaries of a group; regexes and comparisons run once per distinct value. */
export async function bindTests(
  source: ColumnSource,
  root: PlanNode,
  group: number,
  pause: Pause,
): Promise<BoundTests> {
  const bound = new Map<Leaf, ReadonlyMap<number, StoredTest>>()
  for (const leaf of leavesOf(root)) {
    await pause()
    const tests = new Map<number, StoredTest>()
    for (const ref of leaf.refs) tests.set(ref.id, await bindOne(source, leaf, ref, group))
    bound.set(leaf, tests)
  }
  return bound
}

async function bindOne(
  source: ColumnSource,
  leaf: Leaf,
  ref: ColumnRef,
  group: number,
): Promise<StoredTest> {
  const { type } = ref.name
  if (!source.stats(ref, group).present) return never
  if (isDictionaryType(type)) return bindDictionary(source, leaf, ref, group)
  const { test } = leaf
  if (test.kind === 'exists') return { kind: 'present' }
  if (test.kind === 'among') return bindNumbers(test, type)
  const { op, literal } = test
  if (op === '=~' || op === '!~' || op === 'contains') return never
  if (type === ValueType.double && literal.type === 'int') return amongDoubles(op, literal.value)
  const value =
    type === ValueType.bool
      ? boolOf(op, literal)
      : type === ValueType.int && literal.type === 'int'
        ? exactNumber(literal.value)
        : numberOf(op, literal)
  return value === undefined ? never : { kind: 'number', op, value }
}

/** Literals of another type than the column's equal nothing, and nothing differs from them. */
function bindNumbers(test: AmongTest, type: number): StoredTest {
  const kind = type === ValueType.bool ? 'bool' : type === ValueType.int ? 'int' : 'double'
  const values = numbersAmong(test, kind)
  const areNumbers = kind === 'double' && test.literals.some(literal => literal.type === 'int')
  if (values.size === 0 && areNumbers && test.op === '!=') return { kind: 'present' }
  return values.size === 0 ? never : { kind: 'numbers', op: test.op, values }
}

/** No double lies between an int and the double next to it; an int that is no double equals none. */
function amongDoubles(op: CompareOp, literal: string): StoredTest {
  const value = Number(literal)
  const isAbove = value > BigInt(literal)
  if (!isAbove && value >= BigInt(literal)) return { kind: 'number', op, value }
  switch (op) {
    case '=':
    case 'textEquals':
      return never
    case '!=':
      return { kind: 'present' }
    case '<':
    case '<=':
      return { kind: 'number', op: isAbove ? '<' : '<=', value }
    default:
      return { kind: 'number', op: isAbove ? '>=' : '>', value }
  }
}

async function bindDictionary(
  source: ColumnSource,
  leaf: Leaf,
  ref: ColumnRef,
  group: number,
): Promise<StoredTest> {
  const { type } = ref.name
  const { test } = leaf
  const dictionary = source.dictionary(ref, group)
  if (test.kind === 'exists') {
    if (type === ValueType.text) return { kind: 'present' }
    const isOverflow = type === ValueType.overflow
    const exists = isOverflow ? overflowTest(leaf.key, null) : hasValue
    const key = JSON.stringify(['exists', isOverflow ? leaf.key : null])
    return { kind: 'table', table: await dictionary.match(key, exists) }
  }
  if (test.kind === 'among') return bindAmong(leaf, test, type, dictionary)
  const { op, literal } = test
  const isText = type === ValueType.text
  if (isText && literal.type !== 'string') return never
  if (isText && (op === '=' || op === 'textEquals' || op === '!=')) {
    const code = await dictionary.find(Buffer.from(String(literal.value)))
    if (op === '!=') return { kind: 'notCode', code }
    return code < 0 ? never : { kind: 'code', code }
  }
  const value: BytesTest = isText ? textTest(op, literal) : anyValueTest(op, literal)
  const isOverflow = type === ValueType.overflow
  const stored = isOverflow ? overflowTest(leaf.key, value) : value
  // As JSON: keys and literals may hold any character.
  const key = JSON.stringify([isOverflow ? leaf.key : null, op, literal.type, literal.value])
  const required = isText ? requiredBytes(op, literal) : undefined
  return { kind: 'table', table: await dictionary.match(key, stored, required) }
}

async function bindAmong(
  leaf: Leaf,
  test: AmongTest,
  type: number,
  dictionary: Dictionary,
): Promise<StoredTest> {
  const { op, literals } = test
  if (type !== ValueType.text) {
    const value = anyAmongTest(test)
    const isOverflow = type === ValueType.overflow
    const stored = isOverflow ? overflowTest(leaf.key, value) : value
    const key = JSON.stringify([isOverflow ? leaf.key : null, 'among', op, literals])
    return { kind: 'table', table: await dictionary.match(key, stored) }
  }
  const codes: number[] = []
  for (const { type, value } of literals) {
    if (type !== 'string') return never
    const code = await dictionary.find(Buffer.from(value))
    if (code >= 0) codes.push(code)
  }
  const table = new Uint8Array(dictionary.size).fill(op === '=' ? 0 : 1)
  for (const code of codes) table[code] = op === '=' ? 1 : 0
  return op === '=' ? { kind: 'codes', codes, table } : { kind: 'table', table }
}

/** Applies a test to a column's values; `out` has one byte per item. */
export function markTest(test: StoredTest, vector: Vector, out: Mask): void {
  switch (test.kind) {
    case 'never':
      break
    case 'present':
      markPresent(vector, out)
      break
    case 'code':
      markCode(vector, test.code, out)
      break
    case 'notCode':
      markNotCode(vector, test.code, out)
      break
    case 'table':
    case 'codes':
      markTable(vector, test.table, out)
      break
    case 'numbers':
      markNumbers(vector, test.op, test.values, out)
      break
    default:
      markNumber(vector, test.op, test.value, out)
  }
}

/** False only when statistics prove that no item of the group passes the plan. */
export function mayMatch(
  source: ColumnSource,
  node: PlanNode,
  bound: BoundTests,
  group: number,
): boolean {
  switch (node.kind) {
    case 'constant':
      return node.value
    case 'and':
      return node.parts.every(part => mayMatch(source, part, bound, group))
    case 'or':
      return node.parts.some(part => mayMatch(source, part, bound, group))
    case 'not':
    case 'values':
      return true
    case 'sameItem':
      return node.leaves.every(leaf => leafMayMatch(source, leaf, bound, group))
    case 'noneOf':
      return leafMayMatch(source, node.some, bound, group)
    case 'spanElseResource':
      return (
        leafMayMatch(source, node.span, bound, group) ||
        leafMayMatch(source, node.resource, bound, group)
      )
    default:
      return leafMayMatch(source, node, bound, group)
  }
}

function leafMayMatch(source: ColumnSource, leaf: Leaf, bound: BoundTests, group: number): boolean {
  if (leaf.computed !== null || leaf.absentText !== null) return true
  const tests = bound.get(leaf)!
  return leaf.refs.some(ref => testMayHit(source, ref, tests.get(ref.id)!, group))
}

function testMayHit(
  source: ColumnSource,
  ref: ColumnRef,
  test: StoredTest,
  group: number,
): boolean {
  const { present, range } = source.stats(ref, group)
  if (!present || test.kind === 'never') return false
  if (test.kind === 'code') {
    const inRange = range === null || (test.code >= range.min && test.code <= range.max)
    return inRange && source.codeInGroup(ref, test.code, group)
  }
  if (test.kind === 'codes') {
    return test.codes.some(code => {
      const inRange = range === null || (code >= range.min && code <= range.max)
      return inRange && source.codeInGroup(ref, code, group)
    })
  }
  if (range === null) return true
  if (test.kind === 'numbers' && test.op === '=') {
    return [...test.values].some(value => value >= range.min && value <= range.max)
  }
  if (test.kind === 'table') return test.table.subarray(range.min, range.max + 1).includes(1)
  if (test.kind !== 'number') return true
  switch (test.op) {
    case '=':
    case 'textEquals':
      return test.value >= range.min && test.value <= range.max
    case '<':
      return range.min < test.value
    case '<=':
      return range.min <= test.value
    case '>':
      return range.max > test.value
    case '>=':
      return range.max >= test.value
    default:
      return true
  }
}
