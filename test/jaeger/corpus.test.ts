import { datasetRequests } from './corpus.ts'
import { baseSeconds, corpusSuite } from './corpus-suite.ts'
import { memoryQueries } from './memory-queries.ts'
import { MemorySpans } from './memory-spans.ts'

const store = new MemorySpans()
for (const request of datasetRequests(baseSeconds)) store.add(request)
corpusSuite('jaeger corpus, naive store', memoryQueries(store))
