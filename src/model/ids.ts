import { fail } from '../base/errors.ts'

/** Trace ids are 16 bytes, span ids 8; as text lower-case hex with leading zeros. */

const hexDigits = /^[0-9a-fA-F]+$/

/** 1..32 hex digits of any case -> 32 lower-case digits. Fails with BAD_REQUEST. */
export function parseTraceId(text: string): string {
  if (text.length > 32) throw fail('BAD_REQUEST', "trace IDs can't be larger than 128 bits")
  if (!hexDigits.test(text)) {
    const at = [...text].findIndex(char => !hexDigits.test(char))
    const which =
      at < 0 ? 'no characters' : `invalid character '${[...text][at]}' at position ${at + 1}`
    throw fail('BAD_REQUEST', `trace IDs can only contain hex characters: ${which}`)
  }
  return text.toLowerCase().padStart(32, '0')
}

export function hexToBytes(hex: string): Uint8Array {
  return Buffer.from(hex, 'hex')
}

export function bytesToHex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('hex')
}
