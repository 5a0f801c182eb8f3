/** What users are told about a part of the language; an example is run by the tests. */
export interface Feature {
  readonly what: string
  /** The release of Tempo that has it first; empty: none has. */
  readonly since: string
  /** `refused`: it is understood, and answered with 400. */
  readonly state: 'supported' | 'refused'
  readonly note: string
  readonly example: string
  /** Names of spans, or values, over the spans of the page. With `…` at the end there is more. */
  readonly gives: string
}

export interface FeatureSection {
  readonly title: string
  /** Paragraphs before the table. */
  readonly text: readonly string[]
  readonly features: readonly Feature[]
}
