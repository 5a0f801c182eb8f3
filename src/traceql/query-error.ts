import { type Failure, fail } from '../base/errors.ts'

/** `parse`: the text is no query. `validate`: it is one that makes no sense or is not supported. */
export type ErrorStage = 'parse' | 'validate'

export interface Location {
  /** From 1. */
  readonly line: number
  /** From 1, in characters (code points). */
  readonly column: number
}

/** UTF-16 units of a message: it may quote an expression as long as the query. */
const messageLengthMax = 400

/** Code points of the line that are shown on either side of the place. */
const contextMax = 60

export function locate(text: string, offset: number): Location {
  let line = 1
  let lineStart = 0
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    lineStart = at + 1
  }
  return { line, column: [...text.slice(lineStart, offset)].length + 1 }
}

/** `message` on the first line, then the place: the line of the query and a caret below it. */
export function queryError(
  stage: ErrorStage,
  text: string,
  offset: number,
  message: string,
  suggestion?: string,
): Failure {
  const location = locate(text, offset)
  const where = `line ${location.line}, col ${location.column}`
  const short =
    message.length > messageLengthMax ? `${message.slice(0, messageLengthMax)}…` : message
  const first = stage === 'parse' ? `parse error at ${where}: ${short}` : short
  const lines = [first, ...drawPlace(text, offset, where)]
  if (suggestion !== undefined) lines.push(suggestion)
  return fail('BAD_QUERY', lines.join('\n'), { stage, ...location })
}

function drawPlace(text: string, offset: number, where: string): string[] {
  const lineStart = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1
  const lineBreak = text.indexOf('\n', offset)
  const lineEnd = lineBreak < 0 ? text.length : lineBreak
  const before = [...text.slice(lineStart, offset)]
  // At most two UTF-16 units per code point: no need to spread the rest of a long line.
  const after = [...text.slice(offset, Math.min(lineEnd, offset + 2 * contextMax))]
  const shownBefore = before.slice(-contextMax)
  const lead = before.length > contextMax ? '…' : ''
  const shown = lead + [...shownBefore, ...after.slice(0, contextMax)].join('')
  const margin = `${where} | `
  const indent = ' '.repeat(lead.length + shownBefore.length)
  // Control characters would move the caret away from its place.
  const plain = shown.replaceAll(/\p{Cc}/gu, ' ')
  return [`${margin}${plain}`, `${' '.repeat(margin.length - 2)}| ${indent}^`]
}
