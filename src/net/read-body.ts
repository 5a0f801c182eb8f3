import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { createGunzip, createInflate, createInflateRaw, createZstdDecompress } from 'node:zlib'
import { Failure, fail } from '../base/errors.ts'

/**
 * Reads a request's body, decompressed. Both sizes are bounded while the bytes come in, so a
 * compressed bomb costs at most the limit.
 */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
  setting: string,
): Promise<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > bytesMax) throw tooLarge(announced, bytesMax, setting)
  const decoder = await decoderFor(encoding, request)
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of decoder ? request.pipe(decoder) : keptOpen(request)) {
      bytes += chunk.length
      if (bytes > bytesMax) throw tooLarge(bytes, bytesMax, setting)
      chunks.push(chunk as Buffer)
    }
  } catch (error) {
    if (error instanceof Failure) throw error
    if (!request.complete)
      throw fail('BAD_REQUEST', 'the request ended before its body was complete')
    throw fail(
      'BAD_REQUEST',
      `cannot decompress the body as ${encoding}: ${(error as Error).message}`,
    )
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes)
}

/** A loop that is left early would close the connection, and no answer could be sent. */
function keptOpen(request: IncomingMessage): AsyncIterable<Buffer> {
  return request.iterator({ destroyOnReturn: false })
}

function tooLarge(bytes: number, bytesMax: number, setting: string): Error {
  const what = `request body of at least ${bytes} bytes exceeds the limit of ${bytesMax} bytes (${setting})`
  return fail('BODY_TOO_LARGE', what, { bytes, bytesMax })
}

async function decoderFor(encoding: string, request: IncomingMessage): Promise<Transform | null> {
  switch (encoding) {
    case '':
    case 'identity':
      return null
    case 'gzip':
    case 'x-gzip':
      return createGunzip()
    case 'zlib':
      return createInflate()
    case 'zstd':
      return createZstdDecompress()
    case 'deflate':
      return (await startsAsZlib(request)) ? createInflate() : createInflateRaw()
    default:
      throw fail('BAD_REQUEST', `unsupported Content-Encoding: ${encoding}`)
  }
}

/** `deflate` means the zlib format, but some clients send the raw one. */
async function startsAsZlib(request: IncomingMessage): Promise<boolean> {
  if (!request.readableLength && !request.readableEnded) {
    await new Promise<void>(resolve => {
      request.once('readable', resolve)
      request.once('end', resolve)
      request.once('error', () => resolve())
    })
  }
  const first = request.read() as Buffer | null
  if (!first) return true
  request.unshift(first)
  return first.length > 1 && (first[0]! & 0x0f) === 8 && ((first[0]! << 8) | first[1]!) % 31 === 0
}
