/**
 * JSON written straight into bytes: strings that are plain ASCII are copied from their UTF-8 form
 * without becoming a JavaScript string, which is what makes large traces cheap to print. `<`, `>`,
 * `&` and U+2028/9 are escaped, so that the text is also safe inside HTML and scripts.
 */

const comma = 0x2c
const quote = 0x22

/** 1 for bytes that stand for themselves inside a JSON string. */
const plain = new Uint8Array(256).fill(1, 0x20, 0x7f)
for (const special of '"\\<>&') plain[special.charCodeAt(0)] = 0

const base64Digits = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const hexDigits = Buffer.from('0123456789abcdef')
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Up to here a loop is faster than a call into the runtime. */
const shortBytes = 64

/** `value` as JSON with Go's escapes for HTML; the result is pure JSON all the same. */
export function jsonText(value: string): string {
  return escapeHtml(JSON.stringify(value))
}

/** Escapes inside finished JSON: the characters can only stand inside strings there. */
export function escapeHtml(json: string): string {
  return json.replace(/[<>&\u2028\u2029]/g, char => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** A double as proto3 JSON has it: NaN and the infinities are text. */
export function jsonDouble(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`
  return Object.is(value, -0) ? '-0' : String(value)
}

export class JsonBytes {
  #buffer: Buffer
  length = 0

  constructor(sizeHint: number) {
    this.#buffer = Buffer.allocUnsafe(Math.max(256, sizeHint))
  }

  /** Separates from what stands before, unless that is an opening bracket. */
  comma(): void {
    const last = this.#buffer[this.length - 1]
    if (last === 0x7b || last === 0x5b) return
    this.#reserve(1)
    this.#buffer[this.length++] = comma
  }

  /** Bytes that are JSON already. */
  token(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    if (bytes.length > shortBytes) {
      this.#buffer.set(bytes, this.length)
      this.length += bytes.length
      return
    }
    const buffer = this.#buffer
    let at = this.length
    for (let i = 0; i < bytes.length; i++) buffer[at++] = bytes[i]!
    this.length = at
  }

  ascii(text: string): void {
    this.#reserve(text.length)
    this.length += this.#buffer.write(text, this.length, 'latin1')
  }

  /** UTF-8 bytes as a JSON string; what is not UTF-8 becomes U+FFFD. */
  text(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start + 2)
    const buffer = this.#buffer
    let at = this.length
    buffer[at++] = quote
    for (let i = start; i < end; i++) {
      const byte = bytes[i]!
      if (plain[byte] === 0) {
        this.#escapedText(bytes, start, end)
        return
      }
      buffer[at++] = byte
    }
    buffer[at++] = quote
    this.length = at
  }

  #escapedText(bytes: Uint8Array, start: number, end: number): void {
    const json = jsonText(utf8.decode(bytes.subarray(start, end)))
    this.#reserve(json.length * 3)
    this.length += this.#buffer.write(json, this.length, 'utf8')
  }

  /** Standard alphabet with padding, in quotes. */
  base64(bytes: Uint8Array, start: number, end: number): void {
    const size = Math.ceil((end - start) / 3) * 4
    this.#reserve(size + 2)
    const buffer = this.#buffer
    let at = this.length
    buffer[at++] = quote
    let i = start
    for (; i + 2 < end; i += 3) {
      const bits = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
      buffer[at++] = base64Digits[bits >>> 18]!
      buffer[at++] = base64Digits[(bits >>> 12) & 63]!
      buffer[at++] = base64Digits[(bits >>> 6) & 63]!
      buffer[at++] = base64Digits[bits & 63]!
    }
    if (i < end) {
      const two = i + 1 < end
      const bits = (bytes[i]! << 16) | (two ? bytes[i + 1]! << 8 : 0)
      buffer[at++] = base64Digits[bits >>> 18]!
      buffer[at++] = base64Digits[(bits >>> 12) & 63]!
      buffer[at++] = two ? base64Digits[(bits >>> 6) & 63]! : 0x3d
      buffer[at++] = 0x3d
    }
    buffer[at++] = quote
    this.length = at
  }

  /** Lower-case hex, in quotes. */
  hex(bytes: Uint8Array, start: number, end: number): void {
    this.#reserve((end - start) * 2 + 2)
    const buffer = this.#buffer
    let at = this.length
    buffer[at++] = quote
    for (let i = start; i < end; i++) {
      buffer[at++] = hexDigits[bytes[i]! >>> 4]!
      buffer[at++] = hexDigits[bytes[i]! & 15]!
    }
    buffer[at++] = quote
    this.length = at
  }

  /** An unsigned 64-bit number as text in quotes, from its two 32-bit lanes. */
  unsigned64(low: number, high: number): void {
    // Long division by 10^9 in base 2^16: every intermediate value stays below 2^46.
    let quotient = 0
    let rest = 0
    for (const limb of [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff]) {
      const value = rest * 65536 + limb
      const digit = Math.floor(value / 1e9)
      rest = value - digit * 1e9
      quotient = quotient * 65536 + digit
    }
    this.#reserve(24)
    this.#buffer[this.length++] = quote
    if (quotient > 0) this.#digits(quotient, 0)
    this.#digits(rest, quotient > 0 ? 9 : 1)
    this.#buffer[this.length++] = quote
  }

  /** A whole number from 0 to 2^53. */
  whole(value: number): void {
    this.#reserve(17)
    this.#digits(value, 1)
  }

  #digits(value: number, sizeMin: number): void {
    let size = 1
    for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) size++
    size = Math.max(size, sizeMin)
    let rest = value
    for (let at = this.length + size - 1; at >= this.length; at--) {
      const next = Math.floor(rest / 10)
      this.#buffer[at] = 0x30 + (rest - next * 10)
      rest = next
    }
    this.length += size
  }

  /** The bytes written so far, as a view; the writer must not be used afterwards. */
  finish(): Buffer {
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
