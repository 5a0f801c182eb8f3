import { inspect } from 'node:util'

/** A value that cannot print itself: string conversion, JSON and inspection all give `***`. */
export class Secret {
  readonly #value: string
  constructor(value: string) {
    this.#value = value
  }
  /** The only way to the value; call it where it is used, never keep the result. */
  reveal(): string {
    return this.#value
  }
  get isEmpty(): boolean {
    return this.#value === ''
  }
  toString(): string {
    return '***'
  }
  toJSON(): string {
    return '***'
  }
  [inspect.custom](): string {
    return '***'
  }
}
