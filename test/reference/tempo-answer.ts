import { parseGoDuration } from '../../src/api/tempo/go-duration.ts'
import { intrinsicNames } from '../../src/api/tempo/tag-names.ts'
import type { ParsedQuery } from '../../src/traceql/ast.ts'
import { parseQuery } from '../../src/traceql/parser.ts'
import { validateQuery } from '../../src/traceql/validate.ts'
import type { CorpusQuery, Json } from '../conformance/corpus.ts'
import { keepLast } from '../tools/keep-last.ts'
import { durationOf, serviceOf } from './field.ts'
import { metrics } from './metrics.ts'
import { type FoundSpanset, type FoundTrace, type Range, search, serviceStatsOf } from './search.ts'
import { shownLabels } from './series.ts'
import type { ShownAttribute } from './shown.ts'
import { fieldOfTag, type TagScope, tagNames, tagScopes, tagValues } from './tags.ts'
import { defaultStepNs, instantTiming, rangeTiming, sampleTimeNs, type Timing } from './timing.ts'
import type { Trace } from './trace.ts'
import { type Scalar, textOf, type Value } from './value.ts'

/** What Tempo's API would answer to a good request, in JSON, from the reference alone. */
export function tempoAnswer(
  kind: CorpusQuery['kind'],
  tag: string,
  params: URLSearchParams,
  traces: readonly Trace[],
): Json {
  const text = params.get('q') ?? undefined
  const range = rangeOf(params)
  switch (kind) {
    case 'search':
      return { traces: renderSearch(search(goodQuery(text), traces, range), params) }
    case 'range': {
      const step = params.get('step')
      const stepNs = step === null ? defaultStepNs(range) : parseGoDuration(step, 'step')
      return renderRange(goodQuery(text), traces, rangeTiming(range.startNs, range.endNs, stepNs))
    }
    case 'instant':
      return renderInstant(goodQuery(text), traces, instantTiming(range.startNs, range.endNs))
    case 'tags1': {
      const names = tagNames(traces, scopesOf(params), { range })
      return { tagNames: [...new Set([...names.values()].flat())] }
    }
    case 'tags2':
      return { scopes: renderScopes(traces, params, { range, query: text }) }
    case 'values1': {
      const scope = tag === 'service.name' ? 'resource.' : '.'
      const values = tagValues(traces, fieldOfTag(`${scope}"${tag}"`), { range })
      return { tagValues: [...new Set(values.map(({ value }) => value))] }
    }
    case 'values2':
      return { tagValues: tagValues(traces, fieldOfTag(tag), { range, query: text }) }
  }
}

/** Fails with BAD_QUERY. */
export function goodQuery(text = ''): ParsedQuery {
  return parsed(text)
}

const parsed = keepLast(text => validateQuery(parseQuery(text)))

export function rangeOf(params: URLSearchParams): Range {
  const ns = (name: string) => BigInt(params.get(name)!) * 1_000_000_000n
  return { startNs: ns('start'), endNs: ns('end') }
}

export function renderSearch(found: readonly FoundTrace[], params: URLSearchParams): Json[] {
  const limit = Number(params.get('limit') ?? 20)
  return found.slice(0, limit).map(hit => renderTrace(hit, params))
}

function renderTrace({ trace, spansets }: FoundTrace, params: URLSearchParams): Json {
  const { root } = trace
  const stats = [...serviceStatsOf(trace)].map(([service, { spans, errors }]) => [
    service,
    { spanCount: spans, errorCount: errors },
  ])
  return {
    traceID: trace.traceId,
    rootServiceName: root === null ? '<root span not yet received>' : serviceOf(root),
    rootTraceName: root?.name ?? '',
    startTimeUnixNano: String(trace.startNs),
    durationMs: Number(trace.durationNs / 1_000_000n),
    spanSets: spansets.map(spanset => renderSpanset(spanset, Number(params.get('spss') ?? 3))),
    serviceStats: Object.fromEntries(stats),
  }
}

function renderSpanset({ spans, attributes }: FoundSpanset, spansMax: number): Json {
  return {
    matched: spans.length,
    attributes: [...attributes].map(([key, value]) => ({ key, value: renderLabel(value) })),
    spans: spans.slice(0, spansMax).map(({ span, attributes }) => ({
      spanID: span.spanId,
      name: span.name,
      startTimeUnixNano: String(span.startNs),
      durationNanos: String(durationOf(span)),
      attributes: attributes.flatMap(renderAttribute),
    })),
  }
}

/** Of several values the first. */
function renderAttribute({ key, oneOf }: ShownAttribute): Json[] {
  return oneOf.slice(0, 1).map(value => ({ key, value: renderValue(value) }))
}

/** An array of one element shows as that element. */
export function renderValue(value: Value): Json {
  if (value.type === 'opaque') return {}
  if (value.type !== 'array') return renderLabel(value)
  const values = value.elements.map(renderValue)
  return values.length === 1 ? values[0] : { arrayValue: { values } }
}

function renderLabel(value: Scalar | null): Json {
  switch (value?.type) {
    case 'int':
      return { intValue: String(value.value) }
    case 'float':
      return { doubleValue: renderNumber(value.value) }
    case 'bool':
      return { boolValue: value.value }
    default:
      return { stringValue: value == null ? 'nil' : textOf(value) }
  }
}

/** JSON has no numbers for NaN and the infinities. */
function renderNumber(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

function renderRange(query: ParsedQuery, traces: readonly Trace[], timing: Timing): Json {
  const series = metrics(metricsOf(query), traces, timing).map(one => ({
    labels: shownLabels(one).map(({ key, value }) => ({ key, value: renderLabel(value) })),
    samples: one.samples.flatMap((value, bucket) => {
      const timestampMs = String(sampleTimeNs(bucket, timing) / 1_000_000n)
      return value === undefined ? [] : [{ timestampMs, value: renderNumber(value) }]
    }),
  }))
  return { series }
}

function renderInstant(query: ParsedQuery, traces: readonly Trace[], timing: Timing): Json {
  const { series } = renderRange(query, traces, timing)
  return { series: series.map(({ labels, samples }: Json) => ({ labels, ...samples[0] })) }
}

function metricsOf({ body }: ParsedQuery) {
  if (body.kind !== 'metrics') throw new Error('not a metrics query')
  return body.expression
}

function scopesOf(params: URLSearchParams): readonly TagScope[] {
  const scope = params.get('scope')
  return scope === null ? tagScopes : tagScopes.filter(one => one === scope)
}

function renderScopes(
  traces: readonly Trace[],
  params: URLSearchParams,
  filter: Parameters<typeof tagNames>[2],
): Json[] {
  const scopes = [...tagNames(traces, scopesOf(params), filter)]
  const shown: Json[] = scopes.map(([name, tags]) => ({ name, tags }))
  const listsIntrinsics = [null, 'intrinsic'].includes(params.get('scope'))
  return listsIntrinsics ? [...shown, { name: 'intrinsic', tags: intrinsicNames }] : shown
}
