import { readFileSync } from 'node:fs'
import protobuf from 'protobufjs'
import { writeBlock } from '../src/storage/block/writer.ts'
import { appendOtlp } from '../src/storage/live/decode-otlp.ts'
import { LiveSegment } from '../src/storage/live/live-segment.ts'
import { walkOtlp } from '../src/wire/otlp-walk.ts'
import { generate } from './generate.ts'

/** Wire to columns, columns to a block; the baseline is protobufjs making objects. */
export function benchDecode(spans: number): void {
  const requests = [...generate({ spans, startMs: 1_700_000_000_000, durationMs: 600_000 })]
  const total = requests.reduce((sum, request) => sum + request.spans, 0)
  const source = readFileSync(new URL('../test/api/data/trace.proto', import.meta.url), 'utf8')
  const root = protobuf.parse(source, { keepCase: true }).root
  const traces = root.lookupType('TracesData')
  const rate = (work: () => void): number => {
    work()
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return total / ((user + system) / 1e6)
  }
  const objects = rate(() => {
    for (const { body } of requests) traces.decode(body)
  })
  const walk = rate(() => {
    for (const { body } of requests) walkOtlp(body)
  })
  let segment = new LiveSegment()
  const columns = rate(() => {
    segment = new LiveSegment()
    for (const { body } of requests) appendOtlp(segment, body)
  })
  let bytes = 0
  const block = rate(() => {
    bytes = 0
    const steps = writeBlock(segment, piece => {
      bytes += piece.length
    })
    while (!steps.next().done);
  })
  const line = (name: string, value: number) => {
    const perSecond = `${Math.round(value / 1000)} k spans/CPU-s`
    console.log(
      `  ${name.padEnd(34)} ${perSecond.padStart(20)}   ${(value / objects).toFixed(2)} x protobufjs`,
    )
  }
  console.log(`decode (${total} spans)`)
  line('protobufjs to objects (baseline)', objects)
  line('check of the wire', walk)
  line('wire to live columns', columns)
  line('live columns to block', block)
  console.log(
    `  live ${Math.round(segment.heldBytes / total)} B/span, block ${(bytes / total).toFixed(1)} B/span`,
  )
}
