import { ConfigError, type Problem } from '../../base/settings-problems.ts'

/**
 * `${NAME}` in a configuration text becomes the value of the environment variable, empty when
 * there is none. Also understood, as in deployments written for Tempo: `${NAME:-default}`,
 * `${NAME:=default}` and `${NAME=default}` (used when the variable is empty or absent; the default
 * may hold such forms itself), `${#NAME}` for the length, `${NAME^}`, `${NAME^^}`, `${NAME,}` and
 * `${NAME,,}` for the case, `$$` for one dollar sign, `\\` and `\/` for `\` and `/`. `$NAME`
 * without braces is left as it is. Anything else in braces is an error, not silence.
 */

export type Environment = Readonly<Record<string, string | undefined>>

/** Defaults within defaults; more is a mistake. */
const depthMax = 20

interface Open {
  /** Where its `${` is. */
  readonly offset: number
  readonly value: string
  /** What is put together for its default; used only when `value` is empty. */
  text: string
}

/** Throws `ConfigError` with the places of all forms that are not understood. */
export function expandEnv(text: string, env: Environment, file: string): string {
  const problems: Problem[] = []
  const open: Open[] = []
  let output = ''
  const emit = (piece: string) => {
    const inner = open.at(-1)
    if (inner) inner.text += piece
    else output += piece
  }
  const report = (offset: number, what: string) =>
    problems.push({ file, ...positionIn(text, offset), text: what })

  let offset = 0
  while (offset < text.length) {
    const special = nextSpecial(text, offset)
    emit(text.slice(offset, special))
    offset = special
    const two = text.slice(offset, offset + 2)
    if (two === '${') {
      const form = readForm(text, offset)
      if (!form) report(offset, `${shown(text, offset)} is not a known form of substitution`)
      else if (form.opens && open.length === depthMax) report(offset, 'substitutions too deep')
      else if (form.opens) open.push({ offset, value: env[form.name] ?? '', text: '' })
      else emit(applied(form, env[form.name] ?? ''))
      offset = form ? form.end : offset + 2
    } else if (text[offset] === '}' && open.length > 0) {
      const closed = open.pop()!
      emit(closed.value === '' ? closed.text : closed.value)
      offset += 1
    } else if (open.length === 0 && isEscape(two)) {
      emit(two[1]!)
      offset += 2
    } else {
      emit(text[offset] ?? '')
      offset += 1
    }
  }
  for (const unclosed of open)
    report(unclosed.offset, 'a substitution begins here and is not closed')
  if (problems.length > 0) throw new ConfigError(problems)
  return output
}

/** The next place where something other than plain text may begin. */
function nextSpecial(text: string, from: number): number {
  const special = /[$}\\]/g
  special.lastIndex = from
  return special.exec(text)?.index ?? text.length
}

function isEscape(two: string): boolean {
  return two === '$$' || two === '\\\\' || two === '\\/'
}

interface Form {
  readonly name: string
  readonly operator: string
  /** True when a default follows, up to the closing brace. */
  readonly opens: boolean
  readonly end: number
}

function readForm(text: string, offset: number): Form | undefined {
  const form = /\$\{(?:#([\w-]+)\}|([\w-]+)(?:(\^\^?|,,?)?\}|(:-|:=|=)))/y
  form.lastIndex = offset
  const found = form.exec(text)
  if (!found) return undefined
  const [, measured, name, casing, fallback] = found
  return {
    name: measured ?? name!,
    operator: measured === undefined ? (casing ?? fallback ?? '') : '#',
    opens: fallback !== undefined,
    end: form.lastIndex,
  }
}

function applied({ operator }: Form, value: string): string {
  switch (operator) {
    case '#':
      return String(Buffer.byteLength(value))
    case '^':
      return value.slice(0, 1).toUpperCase() + value.slice(1)
    case '^^':
      return value.toUpperCase()
    case ',':
      return value.slice(0, 1).toLowerCase() + value.slice(1)
    case ',,':
      return value.toLowerCase()
    default:
      return value
  }
}

/** The form as it is written, cut to its line. */
function shown(text: string, offset: number): string {
  const end = text.slice(offset).search(/[}\n]|$/)
  return text.slice(offset, offset + Math.min(end + 1, 60)).trimEnd()
}

function positionIn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset)
  const lineStart = before.lastIndexOf('\n') + 1
  return { line: before.split('\n').length, column: offset - lineStart + 1 }
}
