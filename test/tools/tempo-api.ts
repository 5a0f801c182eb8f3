import type { Server } from './server.ts'

/** Requests as Grafana, the operator's jobs and exporters make them. */

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Buffer
}

export interface Call {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  readonly tenant?: string
}

const callTimeoutMs = 60_000

export async function call(url: string, options: Call = {}): Promise<Answer> {
  const { tenant, headers = {}, method = 'GET', body } = options
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(tenant === undefined ? {} : { 'X-Scope-OrgID': tenant }) },
    ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> | string }),
    signal: AbortSignal.timeout(callTimeoutMs),
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, body: bytes }
}

/** The JSON of a good answer that says nothing is missing. Fails otherwise. */
export function completeJson(answer: Answer): Record<string, unknown> {
  const partial = answer.headers.get('x-vivace-partial')
  if (answer.status !== 200) throw new Error(`status ${answer.status}: ${answer.body}`)
  if (partial !== null) throw new Error(`a partial answer: ${partial}`)
  return JSON.parse(answer.body.toString()) as Record<string, unknown>
}

export interface FoundTrace {
  readonly traceID: string
  readonly rootServiceName: string
  readonly rootTraceName: string
}

/** Traces of `/api/search`; `params` are `q`, `tags`, `limit`, … */
export async function searchTraces(
  server: Pick<Server, 'url'>,
  params: Readonly<Record<string, string>>,
  tenant?: string,
): Promise<FoundTrace[]> {
  const query = new URLSearchParams(params)
  const answer = await call(
    `${server.url}/api/search?${query}`,
    tenant === undefined ? {} : { tenant },
  )
  return completeJson(answer)['traces'] as FoundTrace[]
}

/** OTLP bytes of a trace; null when it is not known. Fails for a partial answer. */
export async function traceBytes(
  server: Pick<Server, 'url'>,
  traceId: string,
  tenant?: string,
): Promise<Buffer | null> {
  const answer = await call(`${server.url}/api/traces/${traceId}`, {
    headers: { Accept: 'application/protobuf' },
    ...(tenant === undefined ? {} : { tenant }),
  })
  const partial = answer.headers.get('x-vivace-partial')
  if (partial !== null) throw new Error(`a partial answer: ${partial}`)
  if (answer.status === 404) return null
  if (answer.status !== 200) throw new Error(`status ${answer.status}: ${answer.body}`)
  return answer.body
}

export interface JaegerTrace {
  readonly traceID: string
  readonly spans: readonly { readonly spanID: string; readonly operationName: string }[]
}

export async function jaegerTraces(
  host: string,
  params: Readonly<Record<string, string>>,
  tenant?: string,
): Promise<JaegerTrace[]> {
  const url = `http://${host}:16686/api/traces?${new URLSearchParams(params)}`
  const answer = await call(url, tenant === undefined ? {} : { tenant })
  return completeJson(answer)['data'] as JaegerTrace[]
}

/** Sum of all series of a metric, 0 when there is none. */
export async function metricSum(server: Pick<Server, 'url'>, name: string): Promise<number> {
  const { body } = await call(`${server.url}/metrics`)
  let sum = 0
  for (const line of body.toString().split('\n')) {
    const isIt = line.startsWith(`${name}{`) || line.startsWith(`${name} `)
    if (isIt) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
  }
  return sum
}

/** Sends an encoded request over OTLP/HTTP. */
export function pushSpans(host: string, body: Uint8Array, tenant?: string): Promise<Answer> {
  return call(`http://${host}:4318/v1/traces`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/x-protobuf' },
    body,
    ...(tenant === undefined ? {} : { tenant }),
  })
}
