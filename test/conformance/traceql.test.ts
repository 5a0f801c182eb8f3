import type { QuerySource } from '../../src/search/query-source.ts'
import { blockSource, liveSource } from '../../src/search/sources-fixture.ts'
import { tempoApi } from './api.ts'
import { datasetRequests } from './corpus.ts'
import { replay } from './replay.ts'
import { dealSpans, keepTraces, mergedSource, segmentOf } from './stores.ts'

/** Every query of the corpus through the API, over the same spans kept in four ways. */

const baseSeconds = 1_764_000_000
const requests = datasetRequests(baseSeconds)
const whole = segmentOf(requests)

function replayOver(name: string, open: () => Promise<readonly QuerySource[]>): void {
  replay(`traceql corpus, ${name}`, baseSeconds, async () => {
    const routes = tempoApi(await open())
    return async url => routes.request(url)
  })
}

replayOver('live', async () => [liveSource(whole)])
replayOver('block', async () => [await blockSource(whole)])
replayOver('three blocks merged into one', async () => [
  await mergedSource(dealSpans(requests, 3, 4919).map(segmentOf)),
])
replayOver('every trace dealt over three blocks and live data', async () => {
  const [live, ...blocks] = dealSpans(requests, 4, 8133).map(segmentOf)
  const sources = blocks.map((segment, i) => blockSource(segment, `block ${i}`))
  return [liveSource(live!), ...(await Promise.all(sources))].map(keepTraces)
})
