import * as assert from 'uvu/assert'
import type { Server } from '../tools/server.ts'
import { spansIn } from '../tools/spans.ts'
import { runTelemetrygen } from '../tools/telemetrygen.ts'
import { jaegerTraces, metricSum, searchTraces, traceBytes } from '../tools/tempo-api.ts'

/** What the operator's compatibility test does: ten traces in, ten out, everywhere. */

type Transport = 'grpc' | 'http'

/** Added to the operator's own arguments, which wait for a second after each span. */
export const withoutWaiting = ['--rate=1000'] as const

export async function generateTraces(
  host: string,
  transport: Transport,
  pace: readonly string[] = withoutWaiting,
): Promise<void> {
  const endpoint = transport === 'grpc' ? `${host}:4317` : `${host}:4318`
  await runTelemetrygen([
    'traces',
    ...(transport === 'http' ? ['--otlp-http'] : []),
    `--otlp-endpoint=${endpoint}`,
    '--otlp-insecure',
    '--traces=10',
    ...pace,
  ])
}

/**
 * @param api serves search, trace by ID and Jaeger's API.
 * @param traces how many telemetrygen has sent.
 */
export async function findsTraces(api: Server, traces = 10): Promise<void> {
  const limit = traces > 20 ? { limit: String(traces + 1) } : {}
  const found = await searchTraces(api, { q: '{}', ...limit })
  assert.is(found.length, traces, 'search for {}')
  const ids = new Set(found.map(trace => trace.traceID.padStart(32, '0')))
  assert.is(ids.size, traces, 'search gives each trace once')

  const jaeger = await jaegerTraces(api.host, { service: 'telemetrygen', ...limit })
  assert.is(jaeger.length, traces, 'Jaeger, by service')
  assert.equal(new Set(jaeger.map(trace => trace.traceID)), ids)
  for (const trace of jaeger) assert.is(trace.spans.length, 2, `spans of ${trace.traceID}`)

  // Whole seconds: with the present one cut off, its traces would lie behind the end.
  const nowSeconds = Math.ceil(Date.now() / 1000)
  const byTags = await searchTraces(api, {
    tags: ' service.name="telemetrygen" name="okey-dokey"',
    limit: '20',
    start: String(nowSeconds - 86_400),
    end: String(nowSeconds),
  })
  assert.ok(byTags.length > 0, 'the legacy search by tags')

  for (const id of ids) {
    const bytes = await traceBytes(api, id)
    assert.ok(bytes, `trace ${id}`)
    const names = spansIn(bytes).map(span => span.name)
    assert.equal(names.sort(), ['lets-go', 'okey-dokey-0'])
  }
}

/** The counters of the write path have moved by what was sent. */
export async function countsSpans(distributor: Server, spans: number): Promise<void> {
  assert.is(await metricSum(distributor, 'tempo_distributor_spans_received_total'), spans)
  assert.ok((await metricSum(distributor, 'tempo_distributor_bytes_received_total')) > 0)
  assert.is(await metricSum(distributor, 'tempo_receiver_accepted_spans'), spans)
  assert.is(await metricSum(distributor, 'tempo_receiver_refused_spans'), 0)
}

export async function stopsInOrder(server: Server): Promise<void> {
  const { code, tookMs } = await server.end('SIGTERM')
  assert.is(code, 0, `exit code after SIGTERM:\n${server.output}`)
  assert.ok(tookMs < 10_000, `SIGTERM took ${Math.round(tookMs)} ms`)
}
