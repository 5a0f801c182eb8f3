import { assert } from '../../base/assert.ts'
import type { BlockFile } from './block-file.ts'

/** The shapes of the output, found as rows use them: those that no row has are left behind. */
export class MergeShapes {
  readonly shapes: Uint16Array[] = []
  readonly #files: readonly BlockFile[]
  readonly #outputOf: readonly Int32Array[]
  readonly #known = new Map<string, number>()
  /** Per input: its shapes' numbers in the output; valid where `#mapped` is 1. */
  readonly #tables: Uint32Array[]
  readonly #mapped: Uint8Array[]

  constructor(files: readonly BlockFile[], outputOf: readonly Int32Array[]) {
    this.#files = files
    this.#outputOf = outputOf
    this.#tables = files.map(file => new Uint32Array(file.f.shapeEnd.length))
    this.#mapped = files.map(file => new Uint8Array(file.f.shapeEnd.length))
  }

  /** An input's columns of one of its shapes. */
  columnsOf(input: number, shape: number): Uint16Array {
    const { shapeEnd, shapeColumn } = this.#files[input]!.f
    return shapeColumn.subarray(shape === 0 ? 0 : shapeEnd[shape - 1]!, shapeEnd[shape]!)
  }

  /** Numbers in the output by those of the input; for shapes that went through `use`. */
  table(input: number): Uint32Array {
    return this.#tables[input]!
  }

  /** The output's number of an input's shape, which gets one now if it has none. */
  use(input: number, shape: number): number {
    if (this.#mapped[input]![shape] === 1) return this.#tables[input]![shape]!
    const columns = Uint16Array.from(this.columnsOf(input, shape), column => {
      const output = this.#outputOf[input]![column]!
      assert(output >= 0, 'a row with an attribute beyond the column limit is assembled first')
      return output
    })
    const identity = columns.join()
    let output = this.#known.get(identity)
    if (output === undefined) {
      output = this.shapes.length
      this.shapes.push(columns)
      this.#known.set(identity, output)
    }
    this.#tables[input]![shape] = output
    this.#mapped[input]![shape] = 1
    return output
  }

  /** True when a shape has a column that the output does not. */
  isBeyondLimit(input: number, shape: number): boolean {
    const outputs = this.#outputOf[input]!
    return this.columnsOf(input, shape).some(column => outputs[column]! < 0)
  }
}
