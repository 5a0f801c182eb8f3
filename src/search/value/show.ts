import type { AttributeValue } from '../../contract/queries.ts'
import { durationText } from '../duration-text.ts'
import { kindNames, statusNames } from '../read-values.ts'
import type { KeyValue } from './key-encoder.ts'
import type { TextTable } from './text-table.ts'
import { Kind, type KindCode, type ValueVector } from './value-vector.ts'

/** A value as answers show it: durations, statuses and kinds as text; null: there is none. */
export function shownValue(
  { kind, number, exact }: KeyValue,
  texts: TextTable,
): AttributeValue | null {
  switch (kind) {
    case Kind.none:
    case Kind.unusable:
      return null
    case Kind.int:
      return { type: 'int', value: String(exact ?? BigInt(number)) }
    case Kind.float:
      return { type: 'double', value: number }
    case Kind.text:
      return { type: 'string', value: texts.text(number) }
    case Kind.bool:
      return { type: 'bool', value: number !== 0 }
    case Kind.duration:
      return { type: 'string', value: durationText(exact ?? BigInt(Math.trunc(number))) }
    case Kind.status:
      return { type: 'string', value: statusNames[number] ?? String(number) }
    case Kind.kind:
      return { type: 'string', value: kindNames[number] ?? String(number) }
  }
}

export function shownDuration(ns: number): string {
  return durationText(BigInt(Math.trunc(ns)))
}

export function keyValueAt(values: ValueVector, at: number): KeyValue {
  const exact = values.wide?.get(at)
  const value = { kind: values.kinds[at]! as KindCode, number: values.numbers[at]! }
  return exact === undefined ? value : { ...value, exact }
}
