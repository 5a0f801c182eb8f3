import type { TraceQueries } from '../../src/contract/queries.ts'
import {
  composeMetrics,
  composeOperations,
  composeSearch,
  composeTagNames,
  composeTagValues,
  composeTrace,
} from '../../src/search/compose.ts'
import { LocalSource } from '../../src/search/query-source.ts'
import { appendOtlp } from '../../src/storage/live/decode-otlp.ts'
import { LiveSegment } from '../../src/storage/live/live-segment.ts'
import { LiveSource } from '../../src/storage/live/live-source.ts'
import { otlpJsonToProtobuf } from '../../src/wire/otlp-json-decode.ts'
import { datasetRequests } from './corpus.ts'
import { baseSeconds, corpusSuite } from './corpus-suite.ts'

/** Two segments, so that many traces have parts in both. */
const segments = [new LiveSegment(), new LiveSegment()]
datasetRequests(baseSeconds).forEach((request, at) => {
  appendOtlp(segments[at % 2]!, otlpJsonToProtobuf(Buffer.from(JSON.stringify(request))))
})
const sources = segments.map((segment, at) => new LocalSource(new LiveSource(segment, `s${at}`)))

const queries: TraceQueries = {
  traceById: (_tenant, request) => composeTrace(sources, request),
  search: (_tenant, request, signal) => composeSearch(sources, request, signal),
  metrics: (_tenant, request, signal) => composeMetrics(sources, request, signal),
  tagNames: (_tenant, request, signal) => composeTagNames(sources, request, signal),
  tagValues: (_tenant, request, signal) => composeTagValues(sources, request, signal),
  operations: (_tenant, request, signal) => composeOperations(sources, request, signal),
}
corpusSuite('jaeger corpus, live segments', queries)
