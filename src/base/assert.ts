/** A broken invariant of ours: never the client's fault, never caught except at the request boundary. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(`BUG: ${message}`)
    this.name = 'AssertionError'
  }
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}
