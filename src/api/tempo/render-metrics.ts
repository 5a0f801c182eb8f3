import { jsonDouble } from '../../wire/json-bytes.ts'
import type {
  Exemplar,
  QueryInstantResponse,
  QueryRangeResponse,
  TimeSeries,
} from '../../wire/tempo-metrics-proto.ts'
import { list, long, object, text } from './json-members.ts'
import { renderAttribute, renderSearchMetrics } from './render.ts'

/** The JSON of metrics answers; the list of series is always there for a range. */

export function renderQueryRange(response: QueryRangeResponse): string {
  const times = Array.from(response.timesMs, timeMs => long('timestampMs', timeMs))
  const series = response.series.map(one => renderTimeSeries(one, times)).join()
  return object([`"series":[${series}]`, ...renderEnd(response)])
}

function renderTimeSeries(series: TimeSeries, times: readonly string[]): string {
  const samples: string[] = []
  for (let i = 0; i < series.values.length; i++) {
    const value = series.values[i]!
    if (Number.isNaN(value)) continue
    const time = times[i]!
    // The member of a zero is left out.
    if (value === 0) samples.push(`{${time}}`)
    else if (time === '') samples.push(`{"value":${jsonDouble(value)}}`)
    else samples.push(`{${time},"value":${jsonDouble(value)}}`)
  }
  return object([
    list('labels', series.labels.map(renderAttribute)),
    list('samples', samples),
    list('exemplars', series.exemplars.map(renderExemplar)),
  ])
}

function renderExemplar({ labels, value, timestampMs }: Exemplar): string {
  return object([
    list('labels', labels.map(renderAttribute)),
    double('value', value),
    long('timestampMs', timestampMs),
  ])
}

export function renderQueryInstant(response: QueryInstantResponse): string {
  const series = response.series.map(({ labels, value }) => {
    return object([list('labels', labels.map(renderAttribute)), double('value', value)])
  })
  return object([list('series', series), ...renderEnd(response)])
}

function renderEnd({
  metrics,
  partial,
}: Pick<QueryRangeResponse, 'metrics' | 'partial'>): readonly string[] {
  const status = partial === undefined ? [] : ['"status":"PARTIAL"', text('message', partial)]
  return [`"metrics":${renderSearchMetrics(metrics)}`, ...status]
}

function double(name: string, value: number): string {
  return value === 0 ? '' : `"${name}":${jsonDouble(value)}`
}
