import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { load } from './ingest.ts'
import { benchDirectory, type MeasuredServer, startMeasured } from './process.ts'

/** Latencies over blocks, after a restart, one at a time and with 8 clients. */

interface QueryClass {
  readonly name: string
  readonly path: (i: number) => string
}

const metrics = (q: string, path = 'query_range?step=60s&') => {
  const now = Math.floor(Date.now() / 1000)
  return () =>
    `/api/metrics/${path}start=${now - 7200}&end=${now}&q=${encodeURIComponent(`{} | ${q}`)}`
}

const search = (q: (i: number) => string) => (i: number) =>
  `/api/search?limit=20&q=${encodeURIComponent(q(i))}`

function classes(traceIds: readonly string[], requestIds: readonly string[]): QueryClass[] {
  return [
    { name: 'echo (floor of HTTP)', path: () => '/api/echo' },
    { name: 'trace by ID, hit', path: i => `/api/v2/traces/${traceIds[i % traceIds.length]}` },
    {
      name: 'trace by ID, miss',
      path: i => `/api/v2/traces/${(0xabcdef + i).toString(16).padStart(32, '7')}`,
    },
    { name: 'everything', path: search(() => '{}') },
    {
      name: 'equality, common',
      path: search(i => `{ resource.service.name = "${['cart', 'checkout', 'payment'][i % 3]}" }`),
    },
    { name: 'equality, rare', path: search(i => `{ span.user.id = "user-${150_000 + i}" }`) },
    {
      name: 'equality, unique',
      path: search(i => `{ span.request.id = "${requestIds[i % requestIds.length]}" }`),
    },
    { name: 'equality, absent value', path: search(i => `{ span.request.id = "none-${i}" }`) },
    { name: 'equality, absent attribute', path: search(i => `{ span.no.such.${i} = "x" }`) },
    {
      name: 'all rows: few hits in numbers',
      path: search(i => `{ span.http.response.body.size > ${99_990 + (i % 5)} }`),
    },
    { name: 'duration, few', path: search(i => `{ duration > ${790 + (i % 10)}ms }`) },
    {
      name: 'kind, duration and status',
      path: search(
        i => `{ kind = server && duration > ${700 + i}ms && span.http.response.status_code = 500 }`,
      ),
    },
    { name: 'regex, common', path: search(i => `{ name =~ "op-[0-${1 + (i % 8)}].*" }`) },
    { name: 'regex, rare', path: search(i => `{ span.url.path =~ ".*/things/1499${i % 90}" }`) },
    { name: 'structural, child', path: search(() => '{ kind = server } > { kind = client }') },
    {
      name: 'structural, descendant',
      path: search(i => `{ resource.service.name = "cart" } >> { duration > ${700 + i}ms }`),
    },
    {
      name: 'pipeline: count() over 1000',
      path: search(() => '{ status = error } | count() > 1000'),
    },
    { name: 'pipeline: by, avg', path: search(() => '{} | by(name) | avg(duration) > 10s') },
    { name: 'rate()', path: metrics('rate()') },
    { name: 'rate() by service', path: metrics('rate() by (resource.service.name)') },
    { name: 'count by status', path: metrics('count_over_time() by (status)') },
    {
      name: 'quantile by service',
      path: metrics('quantile_over_time(duration, .5, .99) by (resource.service.name)'),
    },
    { name: 'histogram', path: metrics('histogram_over_time(duration)') },
    { name: 'compare()', path: metrics('compare({ status = error })') },
    { name: 'rate(), one number', path: metrics('rate()', 'query?') },
    { name: 'tags', path: () => '/api/v2/search/tags' },
    { name: 'tag values, service', path: () => '/api/v2/search/tag/resource.service.name/values' },
    { name: 'tag values, many', path: () => '/api/v2/search/tag/span.user.id/values?limit=1000' },
  ]
}

export async function benchQuery(spans: number): Promise<void> {
  const directory = benchDirectory()
  try {
    await fill(directory.path, spans)
    const server = await startMeasured(directory.path)
    const { traceIds, requestIds } = await samples(server)
    console.log(
      `query over ${spans} spans in blocks, after a restart: ms p50, p95 alone; p50, p95 with 8 clients; CPU ms of one; spans, KiB and requests to the store of one; p50 alone by that of echo`,
    )
    let floor = 0
    for (const { name, path } of classes(traceIds, requestIds)) {
      const reads = await readsOf(server, path(0))
      const cpuBefore = server.cpuSeconds()
      const alone = await time(server, path, 1, 30)
      const cpuMs = ((server.cpuSeconds() - cpuBefore) * 1000) / alone.count
      const together = await time(server, path, 8, 80)
      floor ||= alone.p50
      const figures = [alone.p50, alone.p95, together.p50, together.p95, cpuMs]
      const shown = figures.map(ms => ms.toFixed(1).padStart(7)).join('')
      const ratio = `${(alone.p50 / floor).toFixed(1)} x`.padStart(8)
      console.log(`  ${name.padEnd(30)}${shown} ${reads}${ratio}`)
    }
    console.log(`  peak RSS ${server.peakRssMb().toFixed(0)} MB`)
    await server.stop()
  } finally {
    directory.remove()
  }
}

async function fill(directory: string, spans: number): Promise<void> {
  const server = await startMeasured(directory)
  await load(server, 'http', spans, Date.now() - 3_600_000)
  await fetch(`${server.http}/flush`)
  await server.stop()
  const bytes = sizeOf(join(directory, 'blocks'))
  console.log(`stored: ${(bytes / spans).toFixed(1)} B/span`)
}

function sizeOf(directory: string): number {
  let bytes = 0
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).size
  }
  return bytes
}

/** What the first query of a class reads: spans where answers say so, KiB, requests to the store. */
async function readsOf(server: MeasuredServer, path: string): Promise<string> {
  const before = await storeReads(server)
  const answer = await (await fetch(server.http + path)).text()
  const after = await storeReads(server)
  const spans = /"inspectedSpans":"?([0-9]+)/.exec(answer)?.[1] ?? '0'
  const kib = ((after.bytes - before.bytes) / 1024).toFixed(0)
  const requests = String(after.requests - before.requests)
  return `${spans.padStart(9)} ${kib.padStart(7)} ${requests.padStart(5)}`
}

async function storeReads(server: MeasuredServer): Promise<{ bytes: number; requests: number }> {
  const text = await (await fetch(`${server.http}/metrics`)).text()
  const sum = (name: string) =>
    text
      .split('\n')
      .filter(line => line.startsWith(`${name}{`))
      .reduce((all, line) => all + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  return {
    bytes: sum('tempo_query_frontend_bytes_inspected_total'),
    requests: sum('vivace_query_frontend_store_reads_total'),
  }
}

interface Hit {
  traceID: string
  spanSet: { spans: { attributes: { key: string; value: { stringValue: string } }[] }[] }
}

async function samples(
  server: MeasuredServer,
): Promise<{ traceIds: string[]; requestIds: string[] }> {
  const q = encodeURIComponent('{ span.request.id != nil }')
  const { traces } = (await (
    await fetch(`${server.http}/api/search?limit=200&spss=1&q=${q}`)
  ).json()) as { traces: Hit[] }
  return {
    traceIds: traces.map(trace => trace.traceID),
    requestIds: traces.flatMap(({ spanSet }) =>
      spanSet.spans[0]!.attributes.map(a => a.value.stringValue),
    ),
  }
}

/** No class takes longer than this, however slow it is. */
const classMsMax = 10_000

async function time(
  server: MeasuredServer,
  path: (i: number) => string,
  clients: number,
  count: number,
) {
  const times: number[] = []
  let next = 0
  const endMs = performance.now() + classMsMax
  const client = async () => {
    while (next < count && performance.now() < endMs) {
      const url = server.http + path(next++)
      const began = performance.now()
      const response = await fetch(url)
      await response.arrayBuffer()
      if (!response.ok) throw new Error(`${url}: ${response.status}`)
      times.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
  times.sort((a, b) => a - b)
  return {
    count: times.length,
    p50: times[Math.floor(times.length * 0.5)]!,
    p95: times[Math.floor(times.length * 0.95)]!,
  }
}
