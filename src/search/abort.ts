import { fail } from '../base/errors.ts'

/** Ends a query whose client has gone; called between row groups. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw fail('CANCELED', 'the query was canceled by its client')
}
