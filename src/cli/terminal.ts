import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'

/** What a command line tool has of the outside. */
export interface Terminal {
  readonly disk: Disk
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Results. */
  readonly out: (text: string) => unknown
  /** Progress and errors. */
  readonly err: (text: string) => unknown
  /** `err` shows them to a person, so a line can be overwritten. */
  readonly isInteractive: boolean
}
