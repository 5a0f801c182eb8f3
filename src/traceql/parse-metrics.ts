import type { CompareFunction, Field, MetricsFunction, OverTimeName } from './ast.ts'
import { overTimeNames } from './keywords.ts'
import { parseField, parseFields, parseFilter } from './parse-field.ts'
import type { TokenCursor } from './token-cursor.ts'

/** A metrics function with its arguments and `by`, without what follows. Fails with BAD_QUERY. */
export function parseMetricsFunction(cursor: TokenCursor): MetricsFunction {
  const token = cursor.next()
  const name = token.type === 'word' ? token.text : ''
  const { at } = token
  cursor.expectSymbol('(')
  if (name === 'rate' || name === 'count_over_time') {
    cursor.expectSymbol(')')
    return { function: name, by: parseBy(cursor), at }
  }
  if (name === 'compare') return { ...parseCompareArguments(cursor), by: [], at }
  const field = parseField(cursor)
  if (overTimeNames.has(name)) {
    cursor.expectSymbol(')')
    return { function: name as OverTimeName, field, by: parseBy(cursor), at }
  }
  const quantiles: number[] = []
  do {
    cursor.expectSymbol(',')
    quantiles.push(parseQuantile(cursor))
  } while (cursor.isSymbol(','))
  cursor.expectSymbol(')')
  return { function: 'quantile_over_time', field, quantiles, by: parseBy(cursor), at }
}

function parseQuantile(cursor: TokenCursor): number {
  const token = cursor.peek()
  if (token.type !== 'int' && token.type !== 'float') throw cursor.unexpected(token, 'a number')
  cursor.next()
  return Number(token.value)
}

function parseBy(cursor: TokenCursor): Field[] {
  if (!cursor.isWord('by')) return []
  cursor.next()
  cursor.expectSymbol('(')
  const fields = parseFields(cursor)
  cursor.expectSymbol(')')
  return fields
}

/** `{ … }[, top[, start, end]])`: the bounds come both or not at all. */
function parseCompareArguments(cursor: TokenCursor): Omit<CompareFunction, 'by' | 'at'> {
  const selection = parseFilter(cursor)
  let top: string | null = null
  let range: CompareFunction['range'] = null
  if (cursor.takeSymbol(',')) top = cursor.expectInt().value
  if (top !== null && cursor.takeSymbol(',')) {
    const startNs = cursor.expectInt().value
    cursor.expectSymbol(',')
    range = { startNs, endNs: cursor.expectInt().value }
  }
  cursor.expectSymbol(')')
  return { function: 'compare', selection, top, range }
}
