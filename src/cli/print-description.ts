import type { BlockDescription, ColumnDescription } from './describe-block.ts'
import { counted, printTable } from './print-table.ts'

/** A description for people. */
export function printDescription(block: BlockDescription): string {
  const { object, bytes, spans, traces, groups } = block
  const perSpan = (size: number) => (spans === 0 ? 0 : size / spans)
  const counts = [
    counted(spans, 'span'),
    counted(traces, 'trace'),
    counted(groups, 'group'),
    counted(bytes, 'byte'),
    `${perSpan(bytes).toFixed(1)} bytes per span`,
  ]
  const range =
    block.startNs === undefined || block.endNs === undefined
      ? ''
      : `  from ${dateText(block.startNs)} to ${dateText(block.endNs)}\n`
  const sections = block.sections.map(({ name, bytes: size }) => {
    return [name, size, `${((100 * size) / bytes).toFixed(1)} %`, perSpan(size).toFixed(2)]
  })
  const columns = block.columns.map(column => columnRow(column, perSpan(column.bytes)))
  return [
    `${object}\n  ${counts.join(', ')}\n${range}\n`,
    printTable(['section', 'bytes', 'share', 'per span'], sections),
    '\n',
    printTable(columnHead, columns),
    '\n',
  ].join('')
}

const columnHead = [
  ...['scope', 'column', 'type', 'bytes', 'per span', 'dictionary', 'different', 'values'],
  ...['presence', 'least', 'greatest', 'encodings'],
]

function columnRow(column: ColumnDescription, perSpan: number): (string | number)[] {
  const repeated = column.occurrence === 0 ? '' : ` (${column.occurrence + 1})`
  return [
    ...[column.scope, `${column.key}${repeated}`, column.type, column.bytes, perSpan.toFixed(2)],
    ...[column.dictionaryBytes, column.dictionaryValues ?? '', column.values],
    column.presence === undefined ? '' : `${(100 * column.presence).toFixed(1)} %`,
    column.min ?? '',
    column.max ?? '',
    column.encodings.join(' '),
  ]
}

/** RFC 3339 with the digits that are not zero. */
function dateText(ns: string): string {
  const value = BigInt(ns)
  const ms = Number(value / 1_000_000n)
  // Times that were sent may be beyond the calendar.
  if (ms > 8.64e15) return `${ns} ns`
  const [seconds] = new Date(ms).toISOString().split('.')
  const fraction = String(value % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return fraction === '' ? `${seconds}Z` : `${seconds}.${fraction}Z`
}
