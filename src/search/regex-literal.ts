/**
 * A text that every match of a pattern must contain, or the empty text: looking for it is ten
 * times cheaper than running the regex. Only plain patterns are understood; what would need a
 * parser of its own gives the empty text, and the regex decides alone.
 */
export function requiredLiteral(pattern: string): string {
  // Alternatives, flags in groups, classes with brackets inside, escapes with arguments.
  if (/[|()]|\[\^?\]|\[[^\]]*[[\\]|\\[^.\\+*?[\]{}^$/\-dDsSwWbBntr]/.test(pattern)) return ''
  let best: string[] = []
  let run: string[] = []
  const end = () => {
    if (run.length > best.length) best = run
    run = []
  }
  const chars = [...pattern]
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i]!
    if (char === '\\') {
      const next = chars[++i] ?? ''
      if (/[.\\+*?[\]{}^$/-]/.test(next)) run.push(next)
      else end()
    } else if (char === '*' || char === '?' || char === '{') {
      // The character before may be missing.
      run.pop()
      end()
      if (char === '{') i = skipTo(chars, i, '}')
    } else if (char === '[') {
      end()
      i = skipTo(chars, i, ']')
    } else if ('+.^$'.includes(char)) end()
    else run.push(char)
  }
  end()
  return best.join('')
}

function skipTo(chars: readonly string[], from: number, char: string): number {
  const at = chars.indexOf(char, from)
  return at < 0 ? chars.length : at
}
