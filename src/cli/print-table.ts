/** Columns as wide as their longest cell; numbers to the right. */
export function printTable(
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const texts = [head, ...rows].map(row => row.map(cell => shown(cell)))
  const widths = head.map((_, column) => Math.max(...texts.map(row => row[column]!.length)))
  const lines = texts.map((row, line) => {
    const cells = row.map((text, column) => {
      const isNumber = typeof (rows[Math.max(0, line - 1)] ?? [])[column] === 'number'
      return isNumber ? text.padStart(widths[column]!) : text.padEnd(widths[column]!)
    })
    return `  ${cells.join('  ')}`.trimEnd()
  })
  return `${lines.join('\n')}\n`
}

function shown(cell: string | number): string {
  if (typeof cell === 'string') return cell
  return Number.isInteger(cell) ? groupDigits(cell) : String(Number(cell.toPrecision(3)))
}

/** 1234567 -> `1,234,567`. */
function groupDigits(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `1 block`, `2,000 blocks`. */
export function counted(count: number, what: string): string {
  return `${groupDigits(count)} ${what}${count === 1 ? '' : 's'}`
}
