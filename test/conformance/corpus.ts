import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** The questions, the expected answers, and the spans that they are about. */

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into before anything is known
export type Json = any

export interface CorpusQuery {
  readonly id: string
  readonly kind: 'search' | 'range' | 'instant' | 'tags1' | 'tags2' | 'values1' | 'values2'
  /** TraceQL; `$BASE` stands for the base time. */
  readonly q?: string
  readonly tag?: string
  /** Null: the parameter is left out. */
  readonly params?: Readonly<Record<string, string | number | null>>
  /** Seconds after the base time; null: the request has no range. */
  readonly from?: number | null
  readonly to?: number | null
  /** How much of each hit is compared: ids only without it. */
  readonly detail?: boolean | 'stats'
  readonly ordered?: boolean
  readonly count_only?: boolean
  /** Tag names that do not count. */
  readonly ignore?: readonly string[]
}

function lines<T>(text: string): T[] {
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

function data(name: string): Buffer {
  return readFileSync(new URL(`data/${name}`, import.meta.url))
}

export function corpusQueries(): CorpusQuery[] {
  return lines(data('queries.jsonl').toString())
}

/** Query id -> normalised answer. */
export function corpusAnswers(): Map<string, Json> {
  return new Map(
    lines<Json>(data('expected.jsonl').toString()).map(({ id, ...answer }) => [id, answer]),
  )
}

/** OTLP/JSON export requests with their times moved to the base time. */
export function datasetRequests(baseSeconds: number): Json[] {
  const baseNs = BigInt(baseSeconds) * 1_000_000_000n
  const moved = gunzipSync(data('dataset.jsonl.gz'))
    .toString()
    .replace(
      /("(?:start|end)?[tT]imeUnixNano": ?)"(\d+)"/g,
      (_all, name, ns) => `${name}"${BigInt(ns) + baseNs}"`,
    )
  return lines(moved)
}

const paths = {
  search: () => '/api/search',
  range: () => '/api/metrics/query_range',
  instant: () => '/api/metrics/query',
  tags1: () => '/api/search/tags',
  tags2: () => '/api/v2/search/tags',
  values1: (tag: string) => `/api/search/tag/${encodeURIComponent(tag)}/values`,
  values2: (tag: string) => `/api/v2/search/tag/${encodeURIComponent(tag)}/values`,
}

/** What a request has where its query does not say otherwise: no answer is cut. */
const defaultParams = {
  ...{ tags1: {}, tags2: {}, values1: {}, values2: {}, instant: {} },
  search: { limit: 1000, spss: 100 },
  range: { step: '60s', exemplars: 0 },
} satisfies Record<CorpusQuery['kind'], CorpusQuery['params']>

export function paramsOf(query: CorpusQuery, baseSeconds: number): URLSearchParams {
  const { from = -60, to = 1500, kind, q } = query
  const params = new URLSearchParams()
  if (from !== null) params.set('start', String(baseSeconds + from))
  if (to !== null) params.set('end', String(baseSeconds + to))
  if (q !== undefined) params.set('q', q.replaceAll('$BASE', String(baseSeconds)))
  for (const [name, value] of Object.entries({ ...defaultParams[kind], ...query.params })) {
    if (value === null) params.delete(name)
    else params.set(name, String(value))
  }
  return params
}

export function urlOf(query: CorpusQuery, baseSeconds: number): string {
  return `${pathOf(query)}?${paramsOf(query, baseSeconds)}`
}

export function pathOf({ kind, tag = '' }: CorpusQuery): string {
  return paths[kind](tag)
}
