/** One request that is wrong in some way, and what must come back. */
export interface BadCase {
  readonly name: string
  readonly port: number
  readonly path: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly status: number
  /** What the answer says, so that a person knows what to change. */
  readonly says?: RegExp
}
