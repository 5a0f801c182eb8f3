import * as http from 'node:http'
import * as https from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { systemClock } from '../../src/base/clock.ts'
import { Failure } from '../../src/base/errors.ts'
import { Secret } from '../../src/base/secret.ts'
import { S3Store } from '../../src/storage/object/s3.ts'
import { parseEndpoint, type S3Options } from '../../src/storage/object/s3-options.ts'
import { bytesSource } from '../../src/storage/object/upload-source.ts'
import { makeCertificates } from '../tools/certificates.ts'
import { freePort } from '../tools/s3-server.ts'
import { fails } from './object-store-contract.ts'

/** An S3 server that misbehaves as a test tells it to. */
type Handler = (request: http.IncomingMessage, response: http.ServerResponse, body: Buffer) => void

const secret = 'canary-secret-value'
const text = (value: string) => Buffer.from(value)
const closers: (() => void)[] = []

async function serve(handler: Handler, tls?: https.ServerOptions): Promise<number> {
  const listener = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    handler(request, response, Buffer.concat(pieces))
  }
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()))
  closers.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

function open(port: number, change: Partial<S3Options> = {}): S3Store {
  const store = new S3Store(
    {
      endpoint: `http://127.0.0.1:${port}`,
      bucket: 'traces',
      accessKey: new Secret('key-id'),
      secretKey: new Secret(secret),
      requestTimeoutMs: 2000,
      ...change,
    },
    { clock: systemClock, random: () => 0 },
  )
  closers.push(() => store.close())
  return store
}

function answer(response: http.ServerResponse, status: number, code: string): void {
  const body = `<Error><Code>${code}</Code><Message>about ${code}</Message><StringToSign>${secret}</StringToSign></Error>`
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
}

const test = suite('s3 failures')

test('a busy store is asked again, on the same connection', async () => {
  let requests = 0
  const sockets = new Set<unknown>()
  const port = await serve((request, response) => {
    sockets.add(request.socket)
    if (++requests < 3) answer(response, 503, 'SlowDown')
    else response.end('found')
  })
  assert.is(Buffer.from(await open(port).get('a')).toString(), 'found')
  assert.is(requests, 3)
  assert.is(sockets.size, 1)
})

test('a store that stays busy is given up, and nothing is printed', async () => {
  const printed: unknown[] = []
  const { warn } = console
  console.warn = (...args) => printed.push(args)
  try {
    let requests = 0
    const port = await serve((_, response) => {
      requests++
      answer(response, 500, 'InternalError')
    })
    const failure = await fails('UNAVAILABLE', () => open(port).put('a/b', text('x')))
    assert.is(requests, 4)
    assert.is(
      failure.message,
      `s3 put of a/b in bucket traces at http://127.0.0.1:${port} failed: status 500, InternalError, about InternalError`,
    )
    assert.equal(printed, [])
  } finally {
    console.warn = warn
  }
})

test('broken connections are made again', async () => {
  let requests = 0
  const port = await serve((request, response) => {
    requests++
    if (requests === 1) request.socket.destroy()
    else if (requests === 2) {
      response.writeHead(200, { 'content-length': 100 }).write('only a part')
      setTimeout(() => request.socket.destroy(), 20)
    } else response.end('whole')
  })
  assert.is(Buffer.from(await open(port).get('a')).toString(), 'whole')
  assert.is(requests, 3)
})

test('a store that does not answer, or stops in the middle, costs a bounded time', async () => {
  for (const begins of [false, true]) {
    const port = await serve((_, response) => {
      if (begins) response.writeHead(200, { 'content-length': 100 }).write('part')
    })
    const startedMs = Date.now()
    const store = open(port, { requestTimeoutMs: 100 })
    const failure = await fails('UNAVAILABLE', () => store.get('a'))
    assert.match(failure.message, 'no complete answer within 100 ms')
    assert.ok(Date.now() - startedMs < 5000)
  }
})

test('what is wrong with the settings is named, the secret never', async () => {
  for (const [status, code, setting] of [
    [403, 'InvalidAccessKeyId', 'access_key'],
    [403, 'SignatureDoesNotMatch', 'secret_key'],
    [403, 'AccessDenied', 'access_key and secret_key'],
    [404, 'NoSuchBucket', 'bucket'],
    [400, 'AuthorizationHeaderMalformed', 'region'],
    [301, 'PermanentRedirect', 'region and endpoint'],
  ] as const) {
    let requests = 0
    const port = await serve((_, response) => {
      requests++
      answer(response, status, code)
    })
    const store = open(port)
    const failure = await fails('UNAVAILABLE', () => store.get('a'))
    assert.is(failure.fields['setting'], setting)
    assert.match(failure.message, `check ${setting}`)
    assert.is(requests, 1)
    const shown = inspect([failure, store], { depth: 12, showHidden: true })
    assert.not.match(shown, secret)
    assert.not.match(JSON.stringify(failure.fields), secret)
  }
})

test('an endpoint where nobody listens is named', async () => {
  const port = await freePort()
  const failure = await fails('UNAVAILABLE', () => open(port).get('a'))
  assert.match(failure.message, /ECONNREFUSED.*; check endpoint$/)
})

test('a missing object is not a missing bucket', async () => {
  const port = await serve((request, response) => {
    if (request.method === 'HEAD') response.writeHead(404).end()
    else answer(response, 404, 'NoSuchKey')
  })
  const store = open(port)
  await fails('NOT_FOUND', () => store.get('a'))
  assert.is(await store.head('a'), null)
  await store.delete('a')
})

test('a conditional put whose answer was lost is recognized as done', async () => {
  const stored = new Map<string, Buffer>()
  let requests = 0
  const port = await serve((request, response, body) => {
    const key = request.url ?? ''
    if (request.method === 'GET') return response.end(stored.get(key))
    assert.is(request.headers['if-none-match'], '*')
    if (stored.has(key)) return answer(response, 412, 'PreconditionFailed')
    stored.set(key, body)
    if (++requests === 1) return request.socket.destroy()
    return response.end()
  })
  const store = open(port)
  assert.is(await store.putIfAbsent('a', text('mine')), true)
  assert.is(await store.putIfAbsent('a', text('mine')), false)
})

test('a conditional put that met another is decided by asking again', async () => {
  let requests = 0
  const port = await serve((request, response) => {
    if (request.method === 'GET') response.end('theirs')
    else if (++requests === 1) answer(response, 409, 'ConditionalRequestConflict')
    else answer(response, 412, 'PreconditionFailed')
  })
  assert.is(await open(port).putIfAbsent('a', text('mine')), false)
  assert.is(requests, 2)
})

test('a store without conditional puts, or one that ignores them, fails the probe', async () => {
  const without = await serve((request, response) => {
    if (request.headers['if-none-match']) answer(response, 501, 'NotImplemented')
    else response.writeHead(204).end()
  })
  assert.is(await open(without).probeConditionalPut(), false)
  const stored = new Map<string, Buffer>()
  const ignoring = await serve((request, response, body) => {
    const key = request.url ?? ''
    if (request.method === 'PUT') stored.set(key, body)
    if (request.method === 'DELETE') response.writeHead(204).end()
    else response.end(request.method === 'GET' ? stored.get(key) : '')
  })
  assert.is(await open(ignoring).probeConditionalPut(), false)
})

test('a server that ignores ranges still gives the right bytes', async () => {
  const port = await serve((_, response) => response.end('0123456789'))
  assert.is(Buffer.from(await open(port).getRange('a', 3, 4)).toString(), '3456')
  await fails('CORRUPT', () => open(port).getRange('a', 8, 4))
})

test('an upload that cannot end is aborted', async () => {
  const seen: string[] = []
  const port = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    seen.push(`${request.method} ${url.searchParams.get('partNumber') ?? ''}`.trim())
    if (request.method === 'POST' && url.searchParams.has('uploads')) {
      const id = '<UploadId>u!1</UploadId>'
      response.end(`<InitiateMultipartUploadResult>${id}</InitiateMultipartUploadResult>`)
    } else if (request.method === 'DELETE') response.writeHead(204).end()
    else if (url.searchParams.get('partNumber') === '2') answer(response, 400, 'EntityTooSmall')
    else response.writeHead(200, { etag: '"e"' }).end()
  })
  const store = open(port, { partBytes: 5 * 1024 * 1024 })
  const source = bytesSource(new Uint8Array(12 * 1024 * 1024))
  await fails('UNAVAILABLE', () => store.upload('big', source))
  assert.equal(seen, ['POST', 'PUT 1', 'PUT 2', 'DELETE'])
})

test('a part that fails is sent again, without the others, and so is the end', async () => {
  const seen: string[] = []
  const failed = new Set<string>()
  const failsOnce = (what: string) => !failed.has(what) && failed.add(what)
  const port = await serve((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const part = url.searchParams.get('partNumber')
    seen.push(`${request.method} ${part ?? ''}`.trim())
    if (url.searchParams.has('uploads')) {
      const id = '<UploadId>u1</UploadId>'
      response.end(`<InitiateMultipartUploadResult>${id}</InitiateMultipartUploadResult>`)
    } else if (request.method === 'HEAD') response.writeHead(404).end()
    else if (part === '2' && failsOnce('part')) answer(response, 503, 'SlowDown')
    else if (part) response.writeHead(200, { etag: `"e${part}"` }).end()
    // The end of an upload may fail after a status that says success.
    else if (failsOnce('end')) answer(response, 200, 'InternalError')
    else {
      const fields = '<Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>"e"</ETag>'
      response.end(`<CompleteMultipartUploadResult>${fields}</CompleteMultipartUploadResult>`)
    }
  })
  const store = open(port, { partBytes: 5 * 1024 * 1024 })
  await store.upload('big', bytesSource(new Uint8Array(12 * 1024 * 1024)))
  const parts = ['PUT 1', 'PUT 2', 'PUT 2', 'PUT 3']
  assert.equal(seen, ['POST', ...parts, 'POST', 'HEAD', 'POST'])
})

test('a session token is sent', async () => {
  let token: unknown
  const port = await serve((request, response) => {
    token = request.headers['x-amz-security-token']
    response.end('x')
  })
  await open(port, { sessionToken: new Secret('the-token') }).get('a')
  assert.is(token, 'the-token')
})

test('TLS: own authority, other name, client certificate', async () => {
  const made = makeCertificates(['store.test'])
  const port = await serve((_, response) => response.end('safe'), {
    key: made.server.key,
    cert: made.server.cert,
    ca: made.ca,
    requestCert: true,
    rejectUnauthorized: true,
  })
  const endpoint = `https://127.0.0.1:${port}`
  const client = { cert: made.client.cert, key: new Secret(made.client.key) }
  const trusting = { ca: made.ca, serverName: 'store.test' }
  const get = (tls: NonNullable<S3Options['tls']>) => open(port, { endpoint, tls }).get('a')
  assert.is(Buffer.from(await get({ ...trusting, ...client })).toString(), 'safe')
  assert.is(Buffer.from(await get({ ...client, insecureSkipVerify: true })).toString(), 'safe')
  const setting = async (tls: NonNullable<S3Options['tls']>) =>
    (await fails('UNAVAILABLE', () => get(tls))).fields['setting']
  assert.is(await setting(client), 'tls_ca_path')
  const misnamed = { ...client, ca: made.ca }
  assert.is(await setting(misnamed), 'endpoint and tls_server_name')

  const store = open(port, { endpoint, tls: client })
  await fails('UNAVAILABLE', () => store.get('a'))
  store.setTls({ ...trusting, ...client })
  assert.is(Buffer.from(await store.get('a')).toString(), 'safe')
})

test('TLS where none is spoken is named', async () => {
  const port = await serve((_, response) => response.end('x'))
  const store = open(port, { endpoint: `127.0.0.1:${port}`, insecure: false })
  const failure = await fails('UNAVAILABLE', () => store.get('a'))
  assert.match(String(failure.fields['setting']), 'insecure')
})

test('endpoints: the scheme decides, then `insecure`; AWS by name', () => {
  const parse = (endpoint: string, change: Partial<S3Options> = {}) => {
    const keys = { accessKey: new Secret('a'), secretKey: new Secret('b') }
    const { host, port, useTls, region, pathStyle } = parseEndpoint({
      endpoint,
      bucket: 'b',
      ...keys,
      ...change,
    })
    return [host, port, useTls, region, pathStyle]
  }
  const usEast = 'us-east-1'
  assert.equal(parse('http://minio:9000'), ['minio', 9000, false, usEast, true])
  assert.equal(parse('https://minio.ns.svc/', { insecure: true }), [
    'minio.ns.svc',
    undefined,
    true,
    usEast,
    true,
  ])
  assert.equal(parse('minio:9000', { insecure: true }), ['minio', 9000, false, usEast, true])
  assert.equal(parse('minio:9000'), ['minio', 9000, true, usEast, true])
  assert.equal(parse('http://[::1]:9000'), ['::1', 9000, false, usEast, true])
  const frankfurt = 's3.eu-central-1.amazonaws.com'
  assert.equal(parse(frankfurt), [frankfurt, undefined, true, 'eu-central-1', false])
  assert.equal(parse(frankfurt, { region: 'x', pathStyle: true }).slice(3), ['x', true])
  for (const bad of ['', 'http://', 'http://a/b', 'http://user:pw@a', 'a b', 'a?x=1']) {
    try {
      parse(bad)
      assert.unreachable(bad)
    } catch (error) {
      assert.instance(error, Failure, bad)
      assert.is((error as Failure).code, 'BAD_REQUEST')
      assert.not.match((error as Failure).message, 'pw')
    }
  }
})

test.after(() => {
  for (const close of closers) close()
})
test.run()
