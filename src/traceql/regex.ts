import { RE2JS } from 're2js'
import {
  constantMatchMax,
  regexCountMax,
  regexLengthMax,
  regexLengthTotalMax,
  regexProgramMax,
  regexUnicodeClassesMax,
} from './limits.ts'

/**
 * The regular expressions of one query, in Go's RE2 syntax, and what they cost together: each
 * different one is compiled once. A dot takes line breaks too, as everywhere in TraceQL.
 */
export class QueryRegexes {
  #compiled = new Map<string, RE2JS>()
  #lengthTotal = 0
  #unicodeClasses = 0
  #program = 0
  #matchWork = 0

  /** The reason why `pattern` cannot be used, or undefined. */
  check(pattern: string): string | undefined {
    if (this.#compiled.has(pattern)) return undefined
    if (this.#compiled.size >= regexCountMax) {
      return `the query has more than ${regexCountMax} different regexes`
    }
    if (pattern.length > regexLengthMax) return `regex longer than ${regexLengthMax} characters`
    this.#lengthTotal += pattern.length
    this.#unicodeClasses += pattern.split(/\\p/i).length - 1
    if (this.#lengthTotal > regexLengthTotalMax) {
      return `regexes of the query are together longer than ${regexLengthTotalMax} characters`
    }
    if (this.#unicodeClasses > regexUnicodeClassesMax) {
      return `regexes of the query have more than ${regexUnicodeClassesMax} Unicode classes`
    }
    let compiled: RE2JS
    try {
      compiled = RE2JS.compile(pattern, RE2JS.DOTALL)
    } catch {
      // Whatever it is that RE2JS stumbles over, the client's pattern is the reason.
      return `invalid regex: \`${pattern}\``
    }
    this.#program += compiled.programSize()
    if (this.#program > regexProgramMax) {
      return `regexes of the query need more than ${regexProgramMax} instructions`
    }
    this.#compiled.set(pattern, compiled)
    return undefined
  }

  /** True when the whole of `text` matches; undefined when it cannot be said cheaply. */
  matches(text: string, pattern: string): boolean | undefined {
    if (this.check(pattern) !== undefined) return undefined
    const compiled = this.#compiled.get(pattern)!
    this.#matchWork += (text.length + 1) * compiled.programSize()
    return this.#matchWork > constantMatchMax ? undefined : compiled.matches(text)
  }
}
