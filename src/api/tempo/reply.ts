import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { asFailure } from '../../base/errors.ts'
import { type Reply, textType } from './request.ts'

/** From an endpoint's reply, or what it threw, to the HTTP response. */

const compress = promisify(gzip)

/** Below this gzip saves less than the packet it is sent in. */
const gzipBytesMin = 1024

/** A sentence that says what could not be seen; absent when the answer is complete. */
export const partialHeader = 'X-Vivace-Partial'

export async function toResponse(reply: Reply, acceptEncoding: string): Promise<Response> {
  const headers = new Headers({ Vary: 'Accept-Encoding' })
  if (reply.partial !== undefined) {
    const sentence = headerText(reply.partial)
    headers.set(partialHeader, sentence)
    headers.set('Warning', `199 - "${sentence.replace(/["\\]/g, "'")}"`)
  }
  const { status, body, contentType } = reply
  if (body === undefined) return new Response(null, { status, headers })
  if (contentType !== undefined) headers.set('Content-Type', contentType)
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  if (bytes.length < gzipBytesMin || !acceptsGzip(acceptEncoding)) {
    return new Response(bytes as Uint8Array<ArrayBuffer>, { status, headers })
  }
  headers.set('Content-Encoding', 'gzip')
  return new Response((await compress(bytes)) as Uint8Array<ArrayBuffer>, { status, headers })
}

/** Failures are plain text without a line end; only a missing tenant has one, as in Tempo. */
export function failureReply(error: unknown, signal: AbortSignal): Reply {
  if (signal.aborted) return textReply(499, 'request canceled by the client')
  const failure = asFailure(error)
  if (failure.code === 'NO_TENANT') return textReply(failure.kind.http, 'no org id\n')
  return textReply(failure.kind.http, failure.message)
}

export function textReply(status: number, body: string): Reply {
  return { status, contentType: textType, body }
}

/** A header holds one line of printable ASCII. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 1000)
}

function acceptsGzip(acceptEncoding: string): boolean {
  for (const part of acceptEncoding.split(',')) {
    const [coding = '', ...parameters] = part.split(';').map(text => text.trim().toLowerCase())
    if (coding !== 'gzip' && coding !== '*') continue
    return !parameters.some(parameter => /^q=0(?:\.0*)?$/.test(parameter))
  }
  return false
}
