/**
 * A text that every match of a pattern must contain, or the empty text: looking for it is ten
 * times cheaper than running the regex. Only plain patterns are understood; a group, class or
 * alternation anywhere near a character ends the run that it would belong to.
 */
export function requiredLiteral(pattern: string): string {
  // Alternatives and flags in groups would need a parser of their own.
  if (/[|()]/.test(pattern)) return ''
  let best = ''
  let run = ''
  const end = () => {
    if (run.length > best.length) best = run
    run = ''
  }
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!
    if (char === '\\') {
      const next = pattern[++i] ?? ''
      if (/[.\\+*?()|[\]{}^$/-]/.test(next)) run += next
      else end()
    } else if (char === '*' || char === '?' || char === '{') {
      // The character before may be missing.
      run = run.slice(0, -1)
      end()
      if (char === '{') i = skipTo(pattern, i, '}')
    } else if (char === '+') end()
    else if (char === '[') {
      end()
      i = skipTo(pattern, i + 2, ']')
    } else if (char === '.' || char === '^' || char === '$') end()
    else run += char
  }
  end()
  return best
}

function skipTo(pattern: string, from: number, char: string): number {
  const at = pattern.indexOf(char, from)
  return at < 0 ? pattern.length : at
}
