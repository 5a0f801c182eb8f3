import { asFailure } from '../base/errors.ts'

/** One thing that is wrong with a block. */
export interface Problem {
  readonly object: string
  /** Key of the column; absent when it is about no column. */
  readonly column?: string
  /** Where in the object, bytes; of a value that is wrong: where its chunk begins. */
  readonly offset: number
  readonly what: string
}

/** More would say nothing new: what is wrong everywhere is wrong for one reason. */
const problemsMax = 1000

/** Collects what is wrong with one object. */
export class Problems {
  readonly found: Problem[] = []
  readonly #object: string

  constructor(object: string) {
    this.#object = object
  }

  add(offset: number, what: string, column?: string): void {
    if (this.found.length >= problemsMax) return
    const place = column === undefined ? { offset } : { column, offset }
    this.found.push({ object: this.#object, ...place, what })
  }

  /** What a reader failed with, at the place that it names, else at `offset`. */
  addFailure(error: unknown, offset: number, column?: string): void {
    const { message, fields } = asFailure(error)
    const place = typeof fields['offset'] === 'number' ? fields['offset'] : offset
    // Its message names the object and the place too.
    const [what = message] = message.split(` in ${this.#object}`)
    this.add(place, what.replace(`${this.#object} `, ''), column)
  }
}

export function printProblem({ object, column, offset, what }: Problem): string {
  const place = column === undefined ? '' : `column ${column}, `
  return `${object}: ${place}byte ${offset}: ${what}`
}
