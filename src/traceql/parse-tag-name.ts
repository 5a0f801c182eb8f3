import { Failure, fail } from '../base/errors.ts'
import type { Operand } from '../model/predicate.ts'
import { intrinsicOfWord } from './intrinsics.ts'
import { queryBytesMaxDefault } from './limits.ts'
import { operandOf } from './operand.ts'
import { parseField } from './parse-field.ts'
import { checkSize } from './parser.ts'
import { QueryRegexes } from './regex.ts'
import { TokenCursor } from './token-cursor.ts'
import { refuseParent } from './validate-field.ts'

/** Of a name in an error text, UTF-16 units. */
const shownNameMax = 100

/**
 * A tag as version 2 of the tag values API names it, in the spelling of queries: `.x`, `span.x`,
 * `span."user name"`, `status`, `span:name`. Fails with BAD_QUERY.
 */
export function parseTagName(name: string): Operand {
  try {
    checkSize(name, queryBytesMaxDefault)
    const cursor = new TokenCursor(name)
    const field = parseField(cursor)
    if (cursor.peek().type !== 'end') throw cursor.unexpected(cursor.peek())
    refuseParent(field, { text: name, regexes: new QueryRegexes() })
    return operandOf(field)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    const shown = name.slice(0, shownNameMax)
    const reason = `failed to parse identifier ${shown}: ${error.message}`
    throw fail('BAD_QUERY', `please provide a valid tagName: ${reason}`)
  }
}

/** A tag as version 1 names it: an intrinsic, or else an attribute without scope or quotes. */
export function plainTagName(name: string): Operand {
  const intrinsic = intrinsicOfWord.get(name)
  if (intrinsic === undefined || intrinsic === 'parent') {
    return { kind: 'attribute', scope: 'any', key: name }
  }
  return { kind: 'intrinsic', name: intrinsic }
}
