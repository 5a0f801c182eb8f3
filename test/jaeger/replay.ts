import { parseArgs } from 'node:util'
import { complaints, type Send } from './compare.ts'
import { corpusAnswers, corpusRequests, datasetRequests, fillTimes } from './corpus.ts'

/**
 * Asks a running server everything that the corpus asks, after sending it the corpus's spans. The
 * store (or the tenant) must be empty before. Ends with `N passed, N failed`.
 *
 *   node test/jaeger/replay.ts --otlp http://HOST:4318 --api http://HOST:16686
 *     [--base SECONDS] [--no-load] [--only TEXT] [--api-group v1|v3|ui] [--header K:V]
 *     [--wait SECONDS]
 */

const { values: options } = parseArgs({
  options: {
    otlp: { type: 'string' },
    api: { type: 'string' },
    base: { type: 'string' },
    'no-load': { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    'api-group': { type: 'string', default: 'all' },
    header: { type: 'string', multiple: true, default: [] },
    wait: { type: 'string', default: '30' },
  },
})

/** The spans reach to 50 minutes after the base time; the default ranges look back 48 hours. */
const defaultAgeSeconds = 5400

const baseSeconds = Number(options.base ?? Math.floor(Date.now() / 1000) - defaultAgeSeconds)
const ownHeaders = Object.fromEntries(
  options.header.map(header => {
    const colon = header.indexOf(':')
    return [header.slice(0, colon).trim(), header.slice(colon + 1).trim()]
  }),
)

function sender(base: string): Send {
  return (path, init) => {
    const headers = { ...ownHeaders, ...(init.headers as Record<string, string>) }
    return fetch(base.replace(/\/$/, '') + path, { ...init, headers })
  }
}

async function load(otlp: string): Promise<void> {
  const send = sender(otlp)
  for (const request of datasetRequests(baseSeconds)) {
    const response = await send('/v1/traces', {
      method: 'POST',
      body: JSON.stringify(request),
      headers: { 'Content-Type': 'application/json' },
    })
    if (!response.ok) throw new Error(`load failed: ${response.status} ${await response.text()}`)
  }
}

/** The first trace, the largest, and the last one that is loaded, with their spans. */
const awaited = [
  { traceId: '9bd1f1c343830252d32351fea2e5ee55', spans: 7 },
  { traceId: '', service: 'big-0', spans: 240 },
  { traceId: '97b86fc3476ce88212e3d1594c17edf6', spans: 2 },
]

async function isSearchable(send: Send): Promise<boolean> {
  const range = '&start={us:0}&end={us:3600000000}'
  const paths = awaited.map(({ traceId, service }) => {
    return traceId === '' ? `/api/traces?service=${service}${range}` : `/api/traces/${traceId}`
  })
  const found = await Promise.all(
    [...paths, `/api/traces?service=halves${range}`].map(async path => {
      const response = await send(fillTimes(path, baseSeconds), {})
      return (await response.text()).split('"operationName"').length - 1
    }),
  )
  return found.every((spans, at) => spans >= (awaited[at]?.spans ?? 2))
}

async function waitUntilSearchable(send: Send): Promise<void> {
  const untilMs = Date.now() + Number(options.wait) * 1000
  while (!(await isSearchable(send))) {
    if (Date.now() > untilMs) {
      console.log(`warning: not all of the data was searchable after ${options.wait} s`)
      return
    }
    await new Promise(resolve => setTimeout(resolve, 500))
  }
}

async function replay(api: string): Promise<number> {
  const send = sender(api)
  await waitUntilSearchable(send)
  const answers = corpusAnswers()
  let passed = 0
  let failed = 0
  for (const request of corpusRequests()) {
    if (request.check === 'none' || !request.id.includes(options.only)) continue
    if (!['all', request.api].includes(options['api-group'])) continue
    const found = await complaints(request, answers.get(request.id)!, baseSeconds, send).catch(
      error => [`no answer: ${error}`],
    )
    if (found.length === 0) passed++
    else failed++
    if (found.length > 0) console.log(`FAIL ${request.id}  ${request.method} ${request.url}`)
    for (const complaint of found) console.log(`     ${complaint}`)
  }
  console.log(`${passed} passed, ${failed} failed`)
  return failed
}

if (options.api === undefined || (options.otlp === undefined && !options['no-load'])) {
  console.error('usage: replay.ts --otlp URL --api URL (or --no-load with --base SECONDS)')
  process.exit(2)
}
if (options.otlp !== undefined && !options['no-load']) await load(options.otlp)
process.exit((await replay(options.api)) === 0 ? 0 : 1)
