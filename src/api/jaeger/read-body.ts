import { fail } from '../../base/errors.ts'

/** The whole body, decoded by nobody. Fails with BODY_TOO_LARGE as soon as that is known. */
export async function readBody(request: Request, bytesMax: number): Promise<Uint8Array> {
  const tooLarge = (): Error => {
    return fail('BODY_TOO_LARGE', `the body is larger than ${bytesMax} bytes`, { bytesMax })
  }
  if (Number(request.headers.get('Content-Length') ?? 0) > bytesMax) throw tooLarge()
  if (request.body === null) return new Uint8Array(0)
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
