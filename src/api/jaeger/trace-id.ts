import { fail } from '../../base/errors.ts'
import { bytesToHex } from '../../model/ids.ts'

/** 8 or 16 bytes, padded where hex digits could be meant otherwise. */
const base64Id = /^(?:[\w+/-]{22}(?:==)?|[\w+/-]{11}=)$/

/**
 * 1..32 hex digits of any case, or the bytes of an id in base64 of either alphabet -> 32 lower-case
 * digits. Fails with BAD_REQUEST and a text that starts with `prefix`.
 */
export function parseJaegerTraceId(text: string, prefix = ''): string {
  if (/^[0-9a-fA-F]{1,32}$/.test(text)) return text.toLowerCase().padStart(32, '0')
  if (base64Id.test(text)) {
    const base64 = text.replaceAll('-', '+').replaceAll('_', '/')
    return bytesToHex(Buffer.from(base64, 'base64')).padStart(32, '0')
  }
  if (text.length > 32) {
    const what = `TraceID cannot be longer than 32 hex characters: ${text}`
    throw fail('BAD_REQUEST', prefix + what)
  }
  throw fail('BAD_REQUEST', `${prefix}a trace ID is 1 to 32 hex digits: ${text}`)
}
