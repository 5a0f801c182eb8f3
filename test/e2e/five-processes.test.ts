// time limit: 300 s
import { rm } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { orSkip } from '../tools/program.ts'
import { startS3Server } from '../tools/s3-server.ts'
import { temporaryDirectory } from '../tools/server.ts'
import { encodeSpans, hexId, type SentSpan, spansIn } from '../tools/spans.ts'
import {
  call,
  completeJson,
  metricSum,
  pushSpans,
  searchTraces,
  traceBytes,
} from '../tools/tempo-api.ts'
import { countsSpans, findsTraces, generateTraces, stopsInOrder } from './seed-scenario.ts'
import { hostOf, Stack, type StackTarget, targets } from './stack.ts'

/** The five pods of a TempoStack as five processes, with blocks in S3. */

const s3 = await orSkip('e2e of five processes', startS3Server)
const directory = await temporaryDirectory()
const stack = s3 && new Stack(directory.path, s3)
const test = suite('e2e of five processes')
const it = stack ? test : test.skip

const members = targets.filter(target => target !== 'query-frontend')
const largeTraces = 2000
const longTraceSpans = 50_000
/** With one row group each: enough that a plan has scans. */
const blocksToSplit = 10
const longTraceId = hexId(1_000_000, 32)
/** Named once, so that the seed's ten are searched for alone. */
const byTelemetrygen = { q: '{ resource.service.name = "telemetrygen" }' }

it('start together and find each other', async () => {
  await stack!.start(...targets)
  // A frontend is found by its queriers, and looks for nobody.
  for (const target of members) await knowsEverybody(target)
})

it('ten traces in, ten out', async () => {
  await generateTraces(hostOf('distributor'), 'grpc', [])
  await findsTraces(stack!.server('query-frontend'))
  await countsSpans(stack!.server('distributor'), 20)
})

it('a request of 20 MB passes', async () => {
  const body = encodeSpans('large', largeSpans())
  assert.ok(body.length > 19_000_000 && body.length <= 20_000_000, `${body.length} bytes`)
  await pushWhenAllowed(body)
  await findsLarge()
})

it('a trace of 50,000 spans passes', async () => {
  await pushWhenAllowed(encodeSpans('long', longTrace()))
  await findsLong()
  const frontend = stack!.server('query-frontend')
  const jaeger = completeJson(await call(`http://${frontend.host}:16686/api/traces/${longTraceId}`))
  const [trace] = jaeger['data'] as [{ spans: unknown[] }]
  assert.is(trace.spans.length, longTraceSpans)
  // Far more than one gRPC message can hold.
  const params = new URLSearchParams({
    q: '{ resource.service.name = "long" }',
    spss: String(longTraceSpans),
  })
  const found = completeJson(await call(`${frontend.url}/api/search?${params}`))
  const [hit] = found['traces'] as [{ spanSets: { matched: number; spans: unknown[] }[] }]
  assert.is(hit.spanSets[0]!.spans.length, longTraceSpans)
})

it('an ingester that is killed is missed, and nothing is lost', async () => {
  const frontend = stack!.server('query-frontend')
  await stack!.server('ingester').end('SIGKILL')
  const answer = await call(`${frontend.url}/api/search?q=%7B%7D`)
  assert.is(answer.status, 503, 'no silent subset while the ingester is away')
  assert.match(answer.body.toString(), /do not answer/)
  const refused = await pushSpans(hostOf('distributor'), encodeSpans('more', [oneSpan()]))
  assert.is(refused.status, 503, 'clients are told to try again')
  await stack!.start('ingester')
  await findsEverything()
})

it('flushed, everything is found, by a new querier too', async () => {
  assert.is((await call(`${stack!.server('ingester').url}/flush`)).status, 204)
  await findsEverything()
  await stopsInOrder(stack!.server('querier'))
  await stack!.start('querier')
  await findsEverything()
})

it('flushed, everything is found without the ingester and without its disk', async () => {
  await stack!.server('ingester').end('SIGKILL')
  await findsEverything()
  await rm(stack!.volume('ingester'), { recursive: true })
  await stack!.start('ingester')
  await findsEverything()
})

it('ten more are found beside those in blocks', async () => {
  await generateTraces(hostOf('distributor'), 'http')
  const found = await searchTraces(stack!.server('query-frontend'), byTelemetrygen)
  assert.is(found.length, 20)
})

it('queries wait for a querier that is killed and comes back', async () => {
  const frontend = stack!.server('query-frontend')
  let isDone = false
  const asking = (async () => {
    let asked = 0
    for (; !isDone; asked++) {
      assert.is((await searchTraces(frontend, byTelemetrygen)).length, 20)
    }
    return asked
  })()
  asking.catch(() => undefined)
  await pause(300)
  await stack!.server('querier').end('SIGKILL')
  await stack!.start('querier')
  await pause(300)
  isDone = true
  assert.ok((await asking) > 2)
})

it('two queriers scan the blocks of one query', async () => {
  // It would make one block of them, which one querier scans.
  await stopsInOrder(stack!.server('compactor'))
  for (let i = 0; i < blocksToSplit; i++) {
    const spans = [{ ...oneSpan(), traceId: hexId(100 + i, 32) }]
    await pushWhenAllowed(encodeSpans('many-blocks', spans))
    assert.is((await call(`${stack!.server('ingester').url}/flush`)).status, 204)
  }
  await stack!.start('second-querier')
  const frontend = stack!.server('query-frontend')
  for (let attempt = 0; ; attempt++) {
    const q = '{ resource.service.name = "many-blocks" }'
    assert.is((await searchTraces(frontend, { q })).length, blocksToSplit)
    if ((await metricSum(frontend, 'vivace_query_frontend_scans_total')) > 0) break
    assert.ok(attempt < 100, 'the frontend splits nothing')
    await pause(100)
  }
  await stopsInOrder(stack!.server('second-querier'))
  await stack!.start('compactor')
})

it('stop in order', async () => {
  for (const target of targets) await stopsInOrder(stack!.server(target))
  assert.not.match(stack!.printed, /BUG:/)
})

/** Each asks the others every two seconds. */
async function knowsEverybody(target: StackTarget): Promise<void> {
  let body = ''
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await call(`${stack!.server(target).url}/memberlist`)
    body = answer.body.toString()
    if (members.every(other => new RegExp(`\\t${other}\\tACTIVE\\t`).test(body))) return
    await pause(100)
  }
  assert.unreachable(`${target} knows only:\n${body}`)
}

async function findsEverything(): Promise<void> {
  const frontend = stack!.server('query-frontend')
  const found = await searchTraces(frontend, byTelemetrygen)
  assert.is(found.length, 10)
  await findsLarge()
  await findsLong()
}

async function findsLarge(): Promise<void> {
  const q = '{ resource.service.name = "large" }'
  const frontend = stack!.server('query-frontend')
  const found = await searchTraces(frontend, { q, limit: String(largeTraces + 10) })
  assert.is(found.length, largeTraces)
  assert.is(new Set(found.map(trace => trace.traceID)).size, largeTraces)
}

async function findsLong(): Promise<void> {
  const bytes = await traceBytes(stack!.server('query-frontend'), longTraceId)
  assert.ok(bytes, 'the long trace')
  const ids = spansIn(bytes).map(span => span.spanId)
  assert.is(ids.length, longTraceSpans)
  assert.is(new Set(ids).size, longTraceSpans)
}

/** As an exporter does: after a 429 the same again, when the server says. */
async function pushWhenAllowed(body: Uint8Array): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const answer = await pushSpans(hostOf('distributor'), body)
    if (answer.status === 200) {
      assert.equal([...answer.body], [0x0a, 0], 'nothing is refused')
      return
    }
    const waitSeconds = Number(answer.headers.get('retry-after') ?? 'NaN')
    if (answer.status !== 429 || attempt === 4) {
      throw new Error(`status ${answer.status}: ${answer.body}\n${stack!.printed}`)
    }
    await pause(waitSeconds * 1000)
  }
}

function largeSpans(): SentSpan[] {
  const startNs = BigInt(Date.now()) * 1_000_000n
  const spans: SentSpan[] = []
  for (let i = 0; i < largeTraces; i++) {
    const spanId = hexId(i, 16)
    const attributes = { text: `${i} `.repeat(10_000).slice(0, 9_850) }
    const traceId = hexId(i, 32)
    spans.push({ traceId, spanId, name: 'large', startNs, durationNs: 1000n, attributes })
  }
  return spans
}

function longTrace(): SentSpan[] {
  const startNs = BigInt(Date.now()) * 1_000_000n
  return Array.from({ length: longTraceSpans }, (_, i) => ({
    traceId: longTraceId,
    spanId: hexId(i, 16),
    ...(i === 0 ? {} : { parentId: hexId(i >> 3, 16) }),
    name: 's',
    startNs: startNs + BigInt(i),
    durationNs: 1000n,
  }))
}

function oneSpan(): SentSpan {
  const startNs = BigInt(Date.now()) * 1_000_000n
  return { traceId: hexId(7, 32), spanId: hexId(7, 16), name: 'more', startNs, durationNs: 1n }
}

test.after(async () => {
  await stack?.stopAll()
  await s3?.stop()
  await directory.remove()
})

test.run()
