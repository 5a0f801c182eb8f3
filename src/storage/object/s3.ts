import type { Agent, IncomingMessage } from 'node:http'
import type { Agent as TlsAgent } from 'node:https'
import { type BucketItem, Client } from 'minio'
import { assert } from '../../base/assert.ts'
import { type Clock, sleep } from '../../base/clock.ts'
import { Corruption, fail } from '../../base/errors.ts'
import {
  assertKey,
  assertListOptions,
  compareKeys,
  conditionalPutBytesMax,
  type ListedObject,
  type ListOptions,
  type ObjectStore,
  type UploadSource,
} from './object-store.ts'
import { probeConditionalPut } from './probe.ts'
import { isNoObject, isRetried, isTaken, normalized, s3Failure } from './s3-failure.ts'
import {
  connectionPool,
  type Endpoint,
  parseEndpoint,
  partBytesDefault,
  partBytesMin,
  partsMax,
  type S3Options,
  type S3Tls,
  tlsSettings,
} from './s3-options.ts'
import { s3Transport } from './s3-transport.ts'

export interface S3Deps {
  readonly clock: Clock
  /** 0 <= x < 1; spreads retries and names probes. */
  readonly random: () => number
}

/** Below the time that a query has, so that it can still say why it failed. */
const requestTimeoutMsDefault = 15_000
const attemptsMax = 4
/** No attempt begins later than this after the first one. */
const retriedForMs = 20_000
const backoffMs = 100

/** A bucket of an S3-compatible store, with static credentials. */
export class S3Store implements ObjectStore {
  readonly #endpoint: Endpoint
  readonly #bucket: string
  readonly #partBytes: number
  readonly #client: Client
  readonly #agent: Agent
  readonly #deps: S3Deps

  /** Does not connect. Fails with BAD_REQUEST for settings that cannot work. */
  constructor(options: S3Options, deps: S3Deps) {
    this.#endpoint = parseEndpoint(options)
    this.#bucket = options.bucket
    this.#partBytes = options.partBytes ?? partBytesDefault
    this.#deps = deps
    const { useTls, region, pathStyle, host, port } = this.#endpoint
    this.#agent = connectionPool(options, useTls)
    const timeoutMs = options.requestTimeoutMs ?? requestTimeoutMsDefault
    if (options.bucket === '') {
      throw fail('BAD_REQUEST', 's3 bucket is not set', { setting: 'bucket' })
    }
    if (this.#partBytes < partBytesMin) {
      throw fail('BAD_REQUEST', `s3 part_size is below ${partBytesMin}`, { setting: 'part_size' })
    }
    this.#client = new Client({
      endPoint: host,
      ...(port === undefined ? {} : { port }),
      useSSL: useTls,
      region,
      pathStyle,
      accessKey: options.accessKey.reveal(),
      secretKey: options.secretKey.reveal(),
      ...(options.sessionToken ? { sessionToken: options.sessionToken.reveal() } : {}),
      // The transport has all of http that the client uses.
      transport: s3Transport(useTls, timeoutMs, deps.clock) as never,
      transportAgent: this.#agent,
      retryOptions: { disableRetry: true },
    })
  }
  /** Certificates for connections from now on. */
  setTls(tls: S3Tls): void {
    if (this.#endpoint.useTls) {
      Object.assign((this.#agent as TlsAgent).options, tlsSettings(tls))
    }
  }
  close(): void {
    this.#agent.destroy()
  }

  get(key: string): Promise<Uint8Array> {
    assertKey(key)
    return this.#attempt('get', key, async () => bodyOf(await this.#request('GET', key)))
  }
  async getRange(key: string, offset: number, length: number): Promise<Uint8Array> {
    assertKey(key)
    if (length === 0) return new Uint8Array(0)
    const headers = { range: `bytes=${offset}-${offset + length - 1}` }
    const bytes = await this.#attempt('get', key, async () => {
      try {
        const response = await this.#request('GET', key, { headers })
        const bytes = await bodyOf(response)
        return response.statusCode === 206 ? bytes : bytes.subarray(offset, offset + length)
      } catch (error) {
        if ((error as { status?: number }).status === 416) return new Uint8Array(0)
        throw error
      }
    })
    if (bytes.length === length) return bytes
    throw new Corruption('unexpected end', { object: key, offset: offset + bytes.length })
  }
  head(key: string): Promise<number | null> {
    assertKey(key)
    return this.#attempt('head', key, async () => {
      try {
        const response = await this.#request('HEAD', key)
        await bodyOf(response)
        return Number(response.headers['content-length'])
      } catch (error) {
        if (isNoObject(error)) return null
        throw error
      }
    })
  }
  put(key: string, bytes: Uint8Array): Promise<void> {
    assertKey(key)
    return this.#attempt('put', key, async () => {
      await this.#send('PUT', key, bytes)
    })
  }
  async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    assertKey(key)
    assert(bytes.length <= conditionalPutBytesMax, `conditional put of ${bytes.length} bytes`)
    let attempts = 0
    const made = await this.#attempt('conditional put', key, async () => {
      attempts++
      try {
        await this.#send('PUT', key, bytes, { 'if-none-match': '*' })
        return true
      } catch (error) {
        if (isTaken(error)) return false
        throw error
      }
    })
    if (made || attempts === 1) return made
    // An attempt whose answer was lost may be what made the object.
    return Buffer.compare(await this.get(key), bytes) === 0
  }
  async upload(key: string, source: UploadSource): Promise<void> {
    assertKey(key)
    const partBytes = Math.max(this.#partBytes, Math.ceil(source.size / partsMax))
    if (source.size > partBytes) return this.#uploadParts(key, source, partBytes)
    const pieces: Uint8Array[] = []
    for await (const piece of source.pieces(partBytes)) pieces.push(piece)
    return this.put(key, Buffer.concat(pieces))
  }
  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<ListedObject> {
    assertListOptions(options)
    if (options.delimiter) {
      // Whole before the first is handed on: a listing of folders cannot be taken up again.
      yield* await this.#attempt('list', prefix, async () => {
        const found: ListedObject[] = []
        for await (const item of this.#items(prefix, false, '')) found.push(item)
        // A page of S3's has its objects first, then its folders.
        return found.sort((a, b) => compareKeys(a.key, b.key))
      })
      return
    }
    let after = options.startAfter ?? ''
    const items = { stream: this.#items(prefix, true, after) }
    for (;;) {
      const next = await this.#attempt('list', prefix, async attempt => {
        if (attempt > 1) items.stream = this.#items(prefix, true, after)
        return items.stream.next()
      })
      if (next.done) return
      after = next.value.key
      yield next.value
    }
  }
  delete(key: string): Promise<void> {
    assertKey(key)
    return this.#attempt('delete', key, async () => {
      try {
        await this.#client.removeObject(this.#bucket, key)
      } catch (error) {
        if (!isNoObject(error)) throw error
      }
    })
  }
  probeConditionalPut(): Promise<boolean> {
    const nonce = Math.floor(this.#deps.random() * 2 ** 48).toString(16)
    return probeConditionalPut(this, nonce)
  }

  /** One part after the other; each is tried again on its own. */
  async #uploadParts(key: string, source: UploadSource, partBytes: number): Promise<void> {
    const bucket = this.#bucket
    const uploadId = await this.#attempt('upload', key, () =>
      this.#client.initiateNewMultipartUpload(bucket, key, {}),
    )
    try {
      const parts: { part: number; etag: string }[] = []
      for await (const piece of source.pieces(partBytes)) {
        const part = parts.length + 1
        const query = `partNumber=${part}&uploadId=${escapeQuery(uploadId)}`
        const etag = await this.#attempt('upload', key, async () => {
          const response = await this.#send('PUT', key, piece, {}, query)
          return String(response.headers.etag ?? '').replaceAll('"', '')
        })
        parts.push({ part, etag })
      }
      await this.#attempt('upload', key, async attempt => {
        // The answer to the attempt before may have been lost after the object was made.
        if (attempt > 1 && (await this.head(key)) === source.size) return
        await this.#client.completeMultipartUpload(bucket, key, uploadId, parts)
      })
    } catch (error) {
      await this.#client.abortMultipartUpload(bucket, key, uploadId).catch(() => {
        // The first failure is what the caller has to know; stores expire unfinished uploads.
      })
      throw error
    }
  }

  async *#items(prefix: string, deep: boolean, after: string): AsyncGenerator<ListedObject> {
    const stream = this.#client.listObjectsV2(this.#bucket, prefix, deep, after)
    for await (const item of stream as AsyncIterable<BucketItem>) {
      if (item.prefix !== undefined) {
        yield { key: item.prefix, size: 0, lastModifiedMs: 0, isFolder: true }
      } else {
        const lastModifiedMs = item.lastModified.getTime()
        yield { key: item.name, size: item.size, lastModifiedMs, isFolder: false }
      }
    }
  }

  #request(
    method: string,
    key: string,
    options: { headers?: Record<string, string> } = {},
  ): Promise<IncomingMessage> {
    const request = { method, bucketName: this.#bucket, objectName: key, ...options }
    return this.#client.makeRequestAsync(request, '', [200, 206])
  }
  async #send(
    method: string,
    key: string,
    bytes: Uint8Array,
    headers: Record<string, string> = {},
    query = '',
  ): Promise<IncomingMessage> {
    const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    // Plain HTTP has only this hash against changed bytes; it is made off this thread.
    const hash = this.#client.enableSHA256 ? await sha256Hex(bytes) : ''
    const request = {
      method,
      bucketName: this.#bucket,
      objectName: key,
      query,
      headers: { ...headers, 'content-length': bytes.length },
    }
    const response = await this.#client.makeRequestStreamAsync(request, body, hash, [200], '')
    await bodyOf(response)
    return response
  }

  /** Retries with growing pauses; `work` is told the number of the attempt, from 1. */
  async #attempt<T>(
    operation: string,
    key: string,
    work: (attempt: number) => Promise<T>,
  ): Promise<T> {
    const { clock, random } = this.#deps
    const startedMs = clock.monotonicMs()
    for (let attempt = 1; ; attempt++) {
      try {
        return await work(attempt)
      } catch (thrown) {
        const error = normalized(thrown)
        const pauseMs = backoffMs * 2 ** (attempt - 1) * (0.5 + random())
        const tooLate = clock.monotonicMs() + pauseMs - startedMs > retriedForMs
        if (!isRetried(error) || attempt === attemptsMax || tooLate) {
          const { text: endpoint } = this.#endpoint
          throw s3Failure(error, { operation, key, bucket: this.#bucket, endpoint })
        }
        await sleep(clock, pauseMs)
      }
    }
  }
}

async function bodyOf(response: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = []
  for await (const piece of response as AsyncIterable<Buffer>) pieces.push(piece)
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces)
}

async function sha256Hex(bytes: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>)
  return Buffer.from(digest).toString('hex')
}

/** As S3's signatures want it: a few characters more than `encodeURIComponent` escapes. */
function escapeQuery(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
