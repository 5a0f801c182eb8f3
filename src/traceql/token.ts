import type { AttributeScope } from '../model/predicate.ts'

/** Longest first where one begins with another: the lexer takes the first that fits. */
export const symbols = [
  ...['!>>', '!<<', '&>>', '&<<'],
  ...['!=', '!~', '!>', '!<', '&&', '&>', '&<', '&~', '=~', '<<', '<=', '>>', '>=', '||'],
  ...['{', '}', '(', ')', ',', '|', '=', '!', '<', '>', '~', '+', '-', '*', '/', '%', '^'],
] as const

export type SymbolText = (typeof symbols)[number]

/** `at` and `end` are offsets in UTF-16 units. */
export type Token = { readonly at: number; readonly end: number } & TokenValue

/** Numbers are decimal text of a signed 64-bit integer; durations nanoseconds. */
export type TokenValue =
  | { readonly type: 'symbol'; readonly text: SymbolText }
  /** A keyword or any other identifier; which of them only the place can tell. */
  | { readonly type: 'word'; readonly text: string }
  /** `span:`, `trace:` … before the name of an intrinsic. */
  | { readonly type: 'scope'; readonly text: string }
  | {
      readonly type: 'attribute'
      readonly parent: boolean
      readonly scope: AttributeScope | 'any'
      readonly key: string
    }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int'; readonly value: string }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'duration'; readonly value: string }
  /** Always the last token, like `bad`. */
  | { readonly type: 'end' }
  /** What could not be read; becomes an error when the parser reaches it. */
  | { readonly type: 'bad'; readonly message: string; readonly suggestion?: string }

/** How a token is called in `syntax error: unexpected …`. */
export function describeToken(token: Token): string {
  switch (token.type) {
    case 'symbol':
    case 'word':
      return token.text
    case 'scope':
      return `${token.text}:`
    case 'attribute':
      return 'ATTRIBUTE'
    case 'end':
      return 'end of query'
    case 'int':
      return 'INTEGER'
    default:
      return token.type.toUpperCase()
  }
}
