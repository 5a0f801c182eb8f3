/**
 * The code with blanks for comments, strings, regular expressions and the text of templates, each
 * line as long as before. What stands in `${}` stays code.
 */
export function withoutText(code: string): string {
  const out: string[] = []
  /** For each template that is open around `i`: how many braces are open inside its `${`. */
  const templates: number[] = []
  for (let i = 0; i < code.length; ) {
    const end = endOfText(code, i, templates)
    if (end > i) {
      out.push(code.slice(i, end).replace(/[^\n]/g, ' '))
      i = end
    } else out.push(code[i++]!)
  }
  return out.join('')
}

/** Where the text ends that starts at `i`; `i` itself when there is code. */
function endOfText(code: string, i: number, templates: number[]): number {
  const two = code.slice(i, i + 2)
  if (two === '//') return endOr(code.indexOf('\n', i), code)
  if (two === '/*') return endOr(code.indexOf('*/', i + 2), code, 2)
  switch (code[i]) {
    case "'":
    case '"':
      return endOfQuoted(code, i, code[i]!)
    case '/':
      return startsRegex(code, i) ? endOfRegex(code, i) : i
    case '`':
      return endOfTemplate(code, i + 1, templates)
    case '{':
      if (templates.length > 0) templates[templates.length - 1]!++
      return i
    case '}':
      if (templates.length === 0 || templates[templates.length - 1]!-- > 0) return i
      templates.pop()
      return endOfTemplate(code, i + 1, templates)
    default:
      return i
  }
}

function endOr(found: number, code: string, more = 0): number {
  return found < 0 ? code.length : found + more
}

function endOfQuoted(code: string, start: number, quote: string): number {
  let i = start + 1
  while (i < code.length && code[i] !== quote && code[i] !== '\n') i += code[i] === '\\' ? 2 : 1
  return i + 1
}

/** A slash divides after a value, otherwise it starts a regular expression. */
function startsRegex(code: string, i: number): boolean {
  const before = code.slice(Math.max(0, i - 40), i).trimEnd()
  return before === '' || /([(,=:[!&|?{};<>+*%^~-]|\b(return|typeof|case|in|of))$/.test(before)
}

function endOfRegex(code: string, start: number): number {
  let isClass = false
  let i = start + 1
  for (; i < code.length && code[i] !== '\n'; i++) {
    if (code[i] === '\\') i++
    else if (code[i] === '[') isClass = true
    else if (code[i] === ']') isClass = false
    else if (code[i] === '/' && !isClass) break
  }
  return i + 1
}

/** Ends behind the backquote, or behind `${`, which counts as open then. */
function endOfTemplate(code: string, start: number, templates: number[]): number {
  for (let i = start; i < code.length; i++) {
    if (code[i] === '\\') i++
    else if (code[i] === '`') return i + 1
    else if (code[i] === '$' && code[i + 1] === '{') {
      templates.push(0)
      return i + 2
    }
  }
  return code.length
}
