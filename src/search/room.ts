/**
 * Space for one group after the other: a fresh array of a group's size costs more than what is
 * done with it. What `take` gives is not cleared, and valid until the next call.
 */
export class Room<A extends Uint32Array | Float64Array> {
  readonly #make: (length: number) => A
  #kept: A

  constructor(make: (length: number) => A) {
    this.#make = make
    this.#kept = make(0)
  }

  take(count: number): A {
    if (this.#kept.length < count) this.#kept = this.#make(count)
    return this.#kept.subarray(0, count) as A
  }
}

export function uint32Room(): Room<Uint32Array> {
  return new Room(length => new Uint32Array(length))
}

export function float64Room(): Room<Float64Array> {
  return new Room(length => new Float64Array(length))
}
