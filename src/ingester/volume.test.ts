// time limit: 240 s
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { generate } from '../../bench/generate.ts'
import { Simulation } from './simulation-fixture.ts'

/**
 * Twenty minutes of 2,000 spans a second in simulated time, scaled to a tenth: 200 spans a second
 * on a volume of 20 MB instead of 200 MB. The spans are those of the benchmarks, some 700 bytes.
 */

const test = suite('WAL volume')

const scale = 10
const spansPerSecond = 2000 / scale
const volumeBytesMax = 200e6 / scale
const minutes = 20

test('twenty minutes fit on the volume, and nothing is refused', async () => {
  const sim = new Simulation({
    liveBytesMax: 96e6 / scale,
    maxBlockDurationMs: 600_000,
    localBytesMax: volumeBytesMax / 2,
    keepUploadedMs: 60_000,
  })
  await sim.start()
  let mostBytes = 0
  let sent = 0
  for (let second = 0; second < minutes * 60; second += 5) {
    const spans = spansPerSecond * 5
    for (const request of generate({
      spans,
      seed: second + 1,
      startMs: sim.clock.nowMs(),
      durationMs: 5000,
      spansPerRequest: 500,
    })) {
      const result = await sim.ingester.push('t', request.body)
      assert.is(result.spans, request.spans)
      sent += request.spans
    }
    sim.clock.advance(5000)
    await sim.ingester.check()
    mostBytes = Math.max(mostBytes, sim.diskBytes())
  }
  await sim.ingester.flush()
  const uploaded = [...sim.uploaded.values()].reduce((sum, { columns }) => sum + columns.spans, 0)
  assert.is(uploaded, sent)
  assert.ok(sent > spansPerSecond * minutes * 60 * 0.9, `${sent} spans`)
  assert.ok(mostBytes < volumeBytesMax, `${mostBytes} bytes on the volume`)
  assert.equal(sim.warnings, [])
})

test.run()
