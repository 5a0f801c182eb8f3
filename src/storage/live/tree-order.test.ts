import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { appendOtlp } from './decode-otlp.ts'
import { LiveSegment } from './live-segment.ts'
import { encodeSpans, hexId, plainSpan } from './plain-spans-fixture.ts'
import { TreeOrder } from './tree-order.ts'

const test = suite('tree order')

const chainSpans = 50_000
/** Some 20 ms on any machine; with ids that fall together it is half a minute. */
const orderMsMax = 3000

const countings: readonly [string, (i: number) => string][] = [
  ['in their last bytes', i => hexId(i + 1, 8)],
  ['in their first bytes', i => `${hexId(i + 1, 4)}00000000`],
  ['from the middle', i => `0000${hexId(i + 1, 4)}0000`],
]

for (const [name, idOf] of countings) {
  test(`a chain whose ids count ${name}`, () => {
    const spans = Array.from({ length: chainSpans }, (_, i) =>
      plainSpan({
        ...{ spanId: idOf(i), parentId: i === 0 ? '' : idOf(i - 1) },
        ...{ startNs: BigInt(i + 1), endNs: BigInt(i + 2) },
      }),
    )
    const segment = new LiveSegment()
    appendOtlp(segment, encodeSpans(spans))
    const [rows, depths] = [new Uint32Array(chainSpans), new Uint32Array(chainSpans)]
    const beganMs = performance.now()
    const count = new TreeOrder(segment).write(0, rows, depths, new Uint8Array(chainSpans), 0)
    assert.ok(performance.now() - beganMs < orderMsMax)
    assert.is(count, chainSpans)
    assert.is(
      depths.findIndex((depth, i) => depth !== i),
      -1,
    )
  })
}

test.run()
