import { Corruption } from '../../base/errors.ts'

/**
 * Reads the properties of a stored JSON object one by one, with their types. Everything fails with
 * CORRUPT, naming the object and the property. Unknown properties are left alone: a later server
 * of the same version may add some.
 */
export class FieldReader {
  readonly #value: Readonly<Record<string, unknown>>
  readonly #object: string

  constructor(value: Readonly<Record<string, unknown>>, object: string) {
    this.#value = value
    this.#object = object
  }
  text(name: string): string {
    const value = this.#of(name)
    return typeof value === 'string' ? value : this.#refuse(name)
  }
  /** A whole number from 0 to 2^53 - 1. */
  count(name: string): number {
    const value = this.#of(name)
    const counts = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    return counts ? (value as number) : this.#refuse(name)
  }
  flag(name: string): boolean {
    const value = this.#of(name)
    return typeof value === 'boolean' ? value : this.#refuse(name)
  }
  /** An unsigned 64-bit number as decimal text. */
  nanoseconds(name: string): string {
    const text = this.text(name)
    const inRange = /^(0|[1-9]\d{0,19})$/.test(text) && BigInt(text) < 1n << 64n
    return inRange ? text : this.#refuse(name)
  }
  texts(name: string): string[] {
    const value = this.#of(name)
    const all = Array.isArray(value) && value.every(item => typeof item === 'string')
    return all ? (value as string[]) : this.#refuse(name)
  }
  group(name: string): FieldReader {
    return this.#reader(this.#of(name), name)
  }
  groups(name: string): FieldReader[] {
    const value = this.#of(name)
    if (!Array.isArray(value)) return this.#refuse(name)
    return value.map((item, i) => this.#reader(item, `${name}[${i}]`))
  }
  has(name: string): boolean {
    return Object.hasOwn(this.#value, name)
  }
  #of(name: string): unknown {
    return this.has(name) ? this.#value[name] : undefined
  }
  #reader(value: unknown, name: string): FieldReader {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#refuse(name)
    }
    return new FieldReader(value as Record<string, unknown>, this.#object)
  }
  #refuse(name: string): never {
    throw new Corruption(`missing or wrong ${name}`, { object: this.#object })
  }
}
