import { fail } from '../base/errors.ts'

/**
 * Cursor and builder for the protobuf wire format (proto3). Every read is bounds-checked against
 * the reader's own end, so a malformed length can never read a neighbour's bytes or allocate.
 * Nothing here recurses: nested messages are read through a second reader over the same bytes.
 */

export const WireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })

function malformed(what: string, at: number): Error {
  return fail('BAD_REQUEST', `malformed protobuf: ${what} at byte ${at}`, { offset: at })
}

export class ProtoReader {
  readonly buffer: Uint8Array
  pos: number
  readonly end: number

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.buffer = bytes
    this.pos = start
    this.end = end
  }

  more(): boolean {
    return this.pos < this.end
  }

  /** The next field's tag: field number << 3 | wire type. */
  tag(): number {
    const at = this.pos
    const value = this.varint32()
    if (value >>> 3 === 0) throw malformed('field number 0', at)
    return value
  }

  /** Low 32 bits of a varint, unsigned; higher bits are read and dropped, as protobuf asks. */
  varint32(): number {
    const buffer = this.buffer
    let byte = this.#byte()
    if (byte < 0x80) return byte
    let result = byte & 0x7f
    for (let shift = 7; shift < 70; shift += 7) {
      if (this.pos >= this.end) throw malformed('truncated varint', this.pos)
      byte = buffer[this.pos++]!
      if (shift < 32) result |= (byte & 0x7f) << shift
      if (byte < 0x80) return result >>> 0
    }
    throw malformed('varint longer than 10 bytes', this.pos)
  }

  /** An unsigned varint up to 2^53; larger values are refused. */
  varintNumber(): number {
    const at = this.pos
    const value = this.varintBigInt()
    if (value > 9007199254740991n) throw malformed('number above 2^53', at)
    return Number(value)
  }

  /** An unsigned 64-bit varint; use BigInt.asIntN(64, …) for int64. */
  varintBigInt(): bigint {
    let low = 0
    let high = 0
    for (let index = 0; index < 10; index++) {
      const byte = this.#byte()
      const bits = byte & 0x7f
      if (index < 4) low |= bits << (7 * index)
      else if (index === 4) {
        low |= bits << 28
        high = bits >>> 4
      } else high |= bits << (7 * index - 32)
      if (byte < 0x80) return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
    }
    throw malformed('varint longer than 10 bytes', this.pos)
  }

  fixed32(): number {
    const at = this.pos
    if (at + 4 > this.end) throw malformed('truncated fixed32', at)
    const b = this.buffer
    this.pos = at + 4
    return (b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24)) >>> 0
  }

  fixed64BigInt(): bigint {
    const low = this.fixed32()
    const high = this.fixed32()
    return (BigInt(high) << 32n) | BigInt(low)
  }

  double(): number {
    const at = this.pos
    if (at + 8 > this.end) throw malformed('truncated double', at)
    this.pos = at + 8
    return new DataView(this.buffer.buffer, this.buffer.byteOffset + at, 8).getFloat64(0, true)
  }

  /** Reads a length prefix; the following `length` bytes are certain to lie inside the reader. */
  lengthDelimited(): number {
    const at = this.pos
    const length = this.varint32()
    if (length > this.end - this.pos) {
      throw malformed(`length ${length} beyond the end`, at)
    }
    return length
  }

  /** A view of a length-delimited field. */
  bytes(): Uint8Array {
    const length = this.lengthDelimited()
    const view = this.buffer.subarray(this.pos, this.pos + length)
    this.pos += length
    return view
  }

  /** A reader over a length-delimited field, which is skipped here. */
  message(): ProtoReader {
    const length = this.lengthDelimited()
    const reader = new ProtoReader(this.buffer, this.pos, this.pos + length)
    this.pos += length
    return reader
  }

  text(): string {
    return utf8.decode(this.bytes())
  }

  skip(wireType: number): void {
    switch (wireType) {
      case WireType.varint:
        for (let count = 0; count < 10; count++) if (this.#byte() < 0x80) return
        throw malformed('varint longer than 10 bytes', this.pos)
      case WireType.fixed64:
        this.#advance(8)
        return
      case WireType.bytes:
        this.#advance(this.lengthDelimited())
        return
      case WireType.fixed32:
        this.#advance(4)
        return
      default:
        throw malformed(`wire type ${wireType}`, this.pos)
    }
  }

  #advance(count: number): void {
    if (count > this.end - this.pos) throw malformed('truncated field', this.pos)
    this.pos += count
  }

  #byte(): number {
    if (this.pos >= this.end) throw malformed('truncated varint', this.pos)
    return this.buffer[this.pos++]!
  }
}

/**
 * Growing writer. Fields are written even when zero: leaving defaults out is the caller's choice.
 * Nested messages are written in place and their length is put in front afterwards.
 */
export class ProtoWriter {
  #buffer: Buffer
  length = 0

  constructor(sizeHint = 256) {
    this.#buffer = Buffer.allocUnsafe(Math.max(16, sizeHint))
  }

  varintField(field: number, value: number | bigint): void {
    this.varint(field << 3)
    if (typeof value === 'number' && value >= 0) this.varint(value)
    else this.varintBigInt(BigInt.asUintN(64, BigInt(value)))
  }

  boolField(field: number, value: boolean): void {
    this.varint(field << 3)
    this.varint(value ? 1 : 0)
  }

  fixed64Field(field: number, value: bigint): void {
    this.varint((field << 3) | WireType.fixed64)
    this.#reserve(8)
    this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.length)
    this.length += 8
  }

  /** A fixed64 from its two 32-bit lanes: no BigInt on the way. */
  fixed64LanesField(field: number, low: number, high: number): void {
    this.varint((field << 3) | WireType.fixed64)
    this.#reserve(8)
    this.#buffer.writeUInt32LE(low >>> 0, this.length)
    this.#buffer.writeUInt32LE(high >>> 0, this.length + 4)
    this.length += 8
  }

  fixed32Field(field: number, value: number): void {
    this.varint((field << 3) | WireType.fixed32)
    this.#reserve(4)
    this.#buffer.writeUInt32LE(value >>> 0, this.length)
    this.length += 4
  }

  doubleField(field: number, value: number): void {
    this.varint((field << 3) | WireType.fixed64)
    this.#reserve(8)
    this.#buffer.writeDoubleLE(value, this.length)
    this.length += 8
  }

  bytesField(field: number, value: Uint8Array): void {
    this.varint((field << 3) | WireType.bytes)
    this.varint(value.length)
    this.raw(value, 0, value.length)
  }

  textField(field: number, value: string): void {
    this.varint((field << 3) | WireType.bytes)
    const size = Buffer.byteLength(value)
    this.varint(size)
    this.#reserve(size)
    this.#buffer.write(value, this.length, size, 'utf8')
    this.length += size
  }

  messageField(field: number, write: (writer: this) => void): void {
    const mark = this.beginMessage(field)
    write(this)
    this.endMessage(mark)
  }

  /** Opens a nested message; give the result to `endMessage`. One length byte is kept free. */
  beginMessage(field: number): number {
    this.varint((field << 3) | WireType.bytes)
    this.#reserve(1)
    this.length++
    return this.length
  }

  endMessage(start: number): void {
    const size = this.length - start
    if (size < 0x80) {
      this.#buffer[start - 1] = size
      return
    }
    const extra = varintSize(size) - 1
    this.#reserve(extra)
    this.#buffer.copyWithin(start + extra, start, this.length)
    let rest = size
    let at = start - 1
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#buffer[at++] = (rest & 0x7f) | 0x80
    this.#buffer[at] = rest
    this.length += extra
  }

  /** Already encoded bytes, as they are. */
  raw(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start
    this.#reserve(size)
    this.#buffer.set(
      start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end),
      this.length,
    )
    this.length += size
  }

  varint(value: number): void {
    this.#reserve(10)
    const buffer = this.#buffer
    let rest = value
    while (rest >= 0x80) {
      buffer[this.length++] = (rest & 0x7f) | 0x80
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7
    }
    buffer[this.length++] = rest
  }

  varintBigInt(value: bigint): void {
    this.#reserve(10)
    let low = Number(value & 0xffffffffn)
    let high = Number(value >> 32n)
    while (high !== 0) {
      this.#buffer[this.length++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.varint(low)
  }

  /** The bytes written so far, as a view; the writer must not be used afterwards. */
  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.length)
  }

  #reserve(size: number): void {
    const needed = this.length + size
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.length)
    this.#buffer = grown
  }
}

export function varintSize(value: number): number {
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++
  return size
}
