import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { asFailure } from '../base/errors.ts'
import type { SpansetExpression, SpansetStage } from '../model/spanset.ts'
import { appendOtlp } from '../storage/live/decode-otlp.ts'
import { encodeSpans, hexId, plainSpan } from '../storage/live/plain-spans-fixture.ts'
import { composeMetrics, composeSearch } from './compose.ts'
import { liveSource, segmentOf } from './sources-fixture.ts'

const test = suite('a long look at live data')

const all: SpansetExpression = { kind: 'filter', spans: { kind: 'constant', value: true } }
/** Seconds of work. */
const stages: SpansetStage[] = Array.from({ length: 3000 }, () => ({
  kind: 'spansets',
  expression: { kind: 'structural', relation: '>>', form: 'both', left: all, right: all },
}))
const spans = { kind: 'constant', value: true } as const

function chain() {
  const segment = segmentOf([])
  const made = Array.from({ length: 20_000 }, (_, i) => {
    const ids = { spanId: hexId(i + 1, 8), parentId: i === 0 ? '' : hexId(i, 8) }
    return plainSpan({ traceId: hexId(1, 16), ...ids, startNs: 10n ** 18n, endNs: 10n ** 18n })
  })
  appendOtlp(segment, encodeSpans(made))
  return liveSource(segment)
}

const source = chain()
const series = { startNs: '0', stepNs: '2000000000000000000', steps: 1 }
const ask: Readonly<Record<string, (signal: AbortSignal) => Promise<unknown>>> = {
  search: signal =>
    composeSearch(
      [source],
      { spans, stages, traceAll: [], select: [], limit: 1, spansPerSpanSet: 1 },
      signal,
    ),
  metrics: signal =>
    composeMetrics(
      [source],
      { spans, stages, function: { kind: 'count' }, by: [], ...series, exemplars: 0, seriesMax: 0 },
      signal,
    ),
}

for (const [what, run] of Object.entries(ask)) {
  test(`${what}: others have their turn, and a client may go`, async () => {
    const gone = new AbortController()
    let turns = 0
    const other = setInterval(() => {
      if (++turns === 3) gone.abort()
    }, 1)
    const answer = await run(gone.signal).catch(asFailure)
    clearInterval(other)
    assert.is((answer as { code?: string }).code, 'CANCELED')
    assert.is(turns, 3)
  })
}

test.run()
