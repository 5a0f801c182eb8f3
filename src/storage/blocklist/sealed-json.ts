import { crc32 } from 'node:zlib'
import { Corruption } from '../../base/errors.ts'

/**
 * JSON objects that know when they were damaged: the last property is `"crc32"`, eight hex digits
 * over the UTF-8 bytes of the object without it.
 *
 *     {"version":1,"id":"…","crc32":"0a1b2c3d"}      covers    {"version":1,"id":"…"}
 *
 * A flipped digit in a time range would otherwise hide spans without anybody noticing.
 */
const sealBytes = ',"crc32":"00000000"}'.length

/** `value` has at least one property and none called `crc32`. */
export function sealJson(value: object): Uint8Array {
  const text = JSON.stringify(value)
  const sum = crc32(text).toString(16).padStart(8, '0')
  return Buffer.from(`${text.slice(0, -1)},"crc32":"${sum}"}`)
}

/** What was sealed, without the checksum. Fails with CORRUPT, naming `object`. */
export function openSealedJson(bytes: Uint8Array, object: string): Record<string, unknown> {
  const end = bytes.length - sealBytes
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const seal = /^,"crc32":"([0-9a-f]{8})"\}$/.exec(view.toString('latin1', Math.max(end, 0)))
  if (!seal) throw new Corruption('no checksum', { object })
  const covered = `${view.toString('utf8', 0, end)}}`
  if (crc32(covered) !== Number.parseInt(seal[1]!, 16)) {
    throw new Corruption('wrong checksum', { object })
  }
  try {
    const value: unknown = JSON.parse(covered)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Record<string, unknown>
    }
  } catch {
    // Falls through: a checksum over something that is no JSON object.
  }
  throw new Corruption('no JSON object', { object })
}
