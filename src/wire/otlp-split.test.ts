import fc from 'fast-check'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { recordBytesMax, splitByTrace } from './otlp-split.ts'
import { walkOtlp } from './otlp-walk.ts'
import { ProtoWriter } from './protobuf.ts'

const test = suite('split of OTLP by trace')

interface Sent {
  readonly resource: number
  readonly scope: number
  readonly trace: number
}

/** Fields in an unusual order as well: what describes spans may stand behind them. */
function request(spans: readonly Sent[], nameBytes = 8): Uint8Array {
  const w = new ProtoWriter()
  for (const [i, { resource, scope, trace }] of spans.entries()) {
    w.messageField(1, rs => {
      if (resource % 2 === 0) text(rs, 1, `resource ${resource}`)
      rs.messageField(2, ss => {
        if (scope > 0) ss.messageField(1, s => s.textField(1, `scope ${scope}`))
        for (const copy of [0, 1]) {
          ss.messageField(2, span => {
            span.bytesField(1, Buffer.alloc(16, trace + 1 + copy))
            span.bytesField(2, Buffer.of(1, 0, 0, 0, copy, 0, i >> 8, i & 255))
            span.textField(5, 'n'.repeat(nameBytes))
          })
        }
        ss.textField(3, 'schema')
      })
      if (resource % 2 === 1) text(rs, 1, `resource ${resource}`)
      rs.textField(3, `https://schema/${resource}`)
    })
  }
  return w.finish()
}

function text(w: ProtoWriter, field: number, value: string): void {
  w.messageField(field, resource => {
    resource.messageField(1, kv => {
      kv.textField(1, 'service.name')
      kv.messageField(2, any => any.textField(1, value))
    })
  })
}

/** Each span as text, with the names of its resource and scope. */
function contents(body: Uint8Array): string[] {
  const found: string[] = []
  const textOf = (start: number, end: number) =>
    Buffer.from(body.subarray(start, end)).toString('latin1')
  walkOtlp(body, {
    span(start, end, _id, owner) {
      const resource = /resource \d+/.exec(textOf(owner.resourceStart, owner.resourceEnd))
      const scope = /scope \d+/.exec(textOf(owner.scopeStart, owner.scopeEnd))
      const schemas = textOf(owner.resourceStart, owner.resourceEnd).split('schema').length
      found.push(`${resource} / ${scope} / ${schemas > 2} / ${textOf(start, end)}`)
    },
  })
  return found.sort()
}

const sent = fc.array(fc.record({ resource: fc.nat(3), scope: fc.nat(2), trace: fc.nat(6) }), {
  maxLength: 12,
})

test('the parts hold the same spans, each with its resource and scope', () => {
  const property = fc.property(sent, fc.integer({ min: 1, max: 4 }), (spans, parts) => {
    const body = request(spans)
    const split = splitByTrace(body, at => body[at]! % parts)
    const found: string[] = []
    for (const [number, records] of split) {
      for (const record of records) {
        walkOtlp(record, { span: (_s, _e, at) => assert.is(record[at]! % parts, number) })
        found.push(...contents(record))
      }
    }
    assert.equal(found.sort(), contents(body))
  })
  fc.assert(property, { numRuns: 2000 })
})

test('records are cut before they are too large; one span alone may be larger', () => {
  const spans = Array.from({ length: 5 }, () => ({ resource: 0, scope: 1, trace: 1 }))
  const body = request(spans, 300_000)
  const records = splitByTrace(body, () => 0).get(0)!
  assert.ok(records.length >= 3)
  for (const record of records) assert.ok(record.length <= recordBytesMax + 1024)
  assert.equal(records.flatMap(contents).sort(), contents(body))
  const huge = splitByTrace(request(spans.slice(0, 1), recordBytesMax * 2), () => 0).get(0)!
  assert.is(huge.length, 2)
})

test('a request without spans has no parts', () => {
  assert.is(splitByTrace(request([]), () => 0).size, 0)
})

test.run()
