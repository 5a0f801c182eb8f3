/**
 * Names of stored columns, shared by live segments, blocks and the search over both.
 * A column is (scope, key, type, occurrence): a key that a span carries with two types has two
 * columns, and the second appearance of a key in one list of attributes has occurrence 1.
 */

/** Codes are written to disk: never renumber. */
export const Scope = {
  span: 0,
  resource: 1,
  event: 2,
  link: 3,
  instrumentation: 4,
  intrinsic: 5,
} as const
export type ScopeCode = (typeof Scope)[keyof typeof Scope]

/**
 * Type of a column's values. Codes are written to disk: never renumber.
 * - text: UTF-8 as sent, through a dictionary
 * - bool: 0 or 1
 * - int: whole numbers within ±2^53; wider ones are stored as `any`
 * - double: IEEE 754
 * - any: the encoded AnyValue (arrays, key-value lists, bytes, empty, wide ints), through a dictionary
 * - overflow: encoded KeyValue fields of keys beyond the column limit, through a dictionary
 * - fixed: bytes of a fixed size (ids); number: unsigned 32-bit, never a dictionary code
 */
export const ValueType = {
  text: 1,
  bool: 2,
  int: 3,
  double: 4,
  any: 5,
  overflow: 6,
  fixed8: 7,
  fixed16: 8,
  fixed24: 9,
  u32: 10,
} as const
export type ValueTypeCode = (typeof ValueType)[keyof typeof ValueType]

/** True when values are codes into a dictionary of byte strings. */
export function isDictionaryType(type: ValueTypeCode): boolean {
  return type === ValueType.text || type === ValueType.any || type === ValueType.overflow
}

export interface ColumnName {
  readonly scope: ScopeCode
  readonly key: string
  readonly type: ValueTypeCode
  readonly occurrence: number
}

/** Text that is equal for equal names only. */
export function columnIdentity({ scope, type, occurrence, key }: ColumnName): string {
  return `${scope}\0${type}\0${occurrence}\0${key}`
}

/**
 * A live segment or block never has more attribute columns than this; further keys go, encoded,
 * into the overflow column of their scope, which stays searchable. More columns would make every
 * directory larger for all queries.
 */
export const attributeColumnsMax = 2000
