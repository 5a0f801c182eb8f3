/**
 * Sizes of the functions in code that the formatter has laid out: a body opens at the end of a line
 * and closes at the start of the next line with the same indentation that begins with a brace.
 */
export interface FunctionSize {
  readonly name: string
  /** From the line with its name to its closing brace. */
  readonly lines: number
}

const control = /^(\} )?(if|for|while|switch|catch|else|do|try|with|return new class|class)\b/

/** `code` without comments and strings, see without-text.ts. */
export function functionSizes(code: string): FunctionSize[] {
  const lines = code.split('\n')
  const sizes: FunctionSize[] = []
  for (let open = 0; open < lines.length; open++) {
    if (!/(=>|\)|\S>|\w|\]|\}) \{\s*$/.test(lines[open]!)) continue
    const start = startOf(lines, open)
    const head = lines
      .slice(start, open + 1)
      .join(' ')
      .trim()
    if (!isFunction(head)) continue
    const close = closeOf(lines, open)
    sizes.push({ name: nameOf(head), lines: close - start + 1 })
  }
  return sizes
}

/** A signature over several lines starts at the last line before with the same indentation. */
function startOf(lines: readonly string[], open: number): number {
  const indent = indentOf(lines[open]!)
  if (!/^\s*[)}\]]/.test(lines[open]!)) return open
  for (let i = open - 1; i > 0; i--) {
    const line = lines[i]!
    if (line.trim() !== '' && indentOf(line) <= indent && !/^\s*[)}\]]/.test(line)) return i
  }
  return open
}

function closeOf(lines: readonly string[], open: number): number {
  const indent = indentOf(lines[open]!)
  for (let i = open + 1; i < lines.length; i++) {
    if (indentOf(lines[i]!) === indent && lines[i]!.trim().startsWith('}')) return i
  }
  return lines.length - 1
}

function indentOf(line: string): number {
  return line.search(/\S|$/)
}

function isFunction(head: string): boolean {
  if (control.test(head)) return false
  if (/=> \{$/.test(head)) return true
  if (/\bfunction\b/.test(head)) return true
  // A method: a name, its parameters, perhaps a type.
  const method =
    /^((public|private|static|override|async|get|set) )*\*?(#?\w+|\[.*?\])(<.*>)?\(.*\)/
  return method.test(head) && /\)(: .+)? \{$/.test(head)
}

function nameOf(head: string): string {
  return (
    /\bfunction\*? ?(\w+)/.exec(head)?.[1] ??
    /\b(?:const|let) (\w+)/.exec(head)?.[1] ??
    /^(?:(?:public|private|static|override|async|get|set) )*\*?(#?\w+)/.exec(head)?.[1] ??
    'anonymous'
  )
}
