import type { Failure } from '../base/errors.ts'
import { tokenize } from './lexer.ts'
import { nestingMax } from './limits.ts'
import { queryError } from './query-error.ts'
import { suggestFix } from './suggest.ts'
import { describeToken, type SymbolText, type Token } from './token.ts'

/** Reads tokens one after the other and knows how deep the parser is. */
export class TokenCursor {
  readonly text: string
  #tokens: readonly Token[]
  #index = 0
  #depth = 0

  constructor(text: string) {
    this.text = text
    this.#tokens = tokenize(text)
  }

  /** The token at hand; fails with BAD_QUERY when it is one that could not be read. */
  peek(): Token {
    const token = this.#tokens[this.#index]!
    if (token.type !== 'bad') return token
    throw queryError('parse', this.text, token.at, token.message, token.suggestion)
  }

  next(): Token {
    const token = this.peek()
    if (token.type !== 'end') this.#index++
    return token
  }

  isSymbol(text: SymbolText): boolean {
    const token = this.peek()
    return token.type === 'symbol' && token.text === text
  }

  isWord(text: string): boolean {
    const token = this.peek()
    return token.type === 'word' && token.text === text
  }

  takeSymbol(text: SymbolText): boolean {
    if (!this.isSymbol(text)) return false
    this.#index++
    return true
  }

  expectSymbol(text: SymbolText): Token {
    if (!this.isSymbol(text)) throw this.unexpected(this.peek(), text)
    return this.next()
  }

  expectInt(): Token & { type: 'int' } {
    const token = this.peek()
    if (token.type !== 'int') throw this.unexpected(token, 'INTEGER')
    this.#index++
    return token
  }

  /** To be called, with `leave`, around everything that can contain itself. */
  enter(): void {
    if (++this.#depth > nestingMax) {
      throw this.error(this.peek().at, `the query nests deeper than ${nestingMax} levels`)
    }
  }

  leave(): void {
    this.#depth--
  }

  error(at: number, message: string, suggestion?: string): Failure {
    return queryError('parse', this.text, at, message, suggestion)
  }

  /** `token` cannot stand where it stands. */
  unexpected(token: Token, expected?: string): Failure {
    const before = this.#tokens[this.#tokens.indexOf(token) - 1]
    const suggestion = suggestFix(token, before, expected)
    const expecting = expected === undefined ? '' : `, expecting ${expected}`
    return this.error(
      token.at,
      `syntax error: unexpected ${describeToken(token)}${expecting}`,
      suggestion,
    )
  }
}
