import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../base/errors.ts'
import { nestingMax, walkOtlp } from './otlp-walk.ts'
import { ProtoWriter } from './protobuf.ts'

const test = suite('walk over OTLP')

interface SpanFields {
  readonly traceId?: Uint8Array
  readonly spanId?: Uint8Array
  readonly parentId?: Uint8Array
  readonly value?: (w: ProtoWriter) => void
}

function request(...spans: SpanFields[]): Uint8Array {
  const w = new ProtoWriter()
  w.messageField(1, rs => {
    rs.messageField(1, resource => keyValue(resource, 1, v => v.textField(1, 'shop')))
    rs.messageField(2, ss => {
      ss.messageField(1, scope => scope.textField(1, 'lib'))
      for (const span of spans) ss.messageField(2, field => writeSpan(field, span))
    })
  })
  return w.finish()
}

function writeSpan(w: ProtoWriter, span: SpanFields): void {
  w.bytesField(1, span.traceId ?? Buffer.alloc(16, 1))
  w.bytesField(2, span.spanId ?? Buffer.alloc(8, 2))
  if (span.parentId) w.bytesField(4, span.parentId)
  w.textField(5, 'name')
  w.fixed64Field(7, 5n)
  keyValue(w, 9, span.value ?? (v => v.doubleField(4, 0.5)))
  w.messageField(11, event => keyValue(event, 3, v => v.boolField(2, true)))
  w.messageField(13, link => keyValue(link, 4, v => v.bytesField(7, Buffer.of(0, 255))))
  w.fixed32Field(16, 1)
}

function keyValue(w: ProtoWriter, field: number, value: (v: ProtoWriter) => void): void {
  w.messageField(field, kv => {
    kv.textField(1, 'k')
    kv.messageField(2, value)
  })
}

/** `depth` arrays in one another, from the inside out. */
function nested(depth: number): (w: ProtoWriter) => void {
  let value = new Uint8Array(0)
  for (let i = 0; i < depth; i++) {
    const array = new ProtoWriter()
    array.bytesField(1, value)
    const any = new ProtoWriter()
    any.bytesField(5, array.finish())
    value = new Uint8Array(any.finish())
  }
  return w => w.raw(value, 0, value.length)
}

function refusal(body: Uint8Array): string {
  try {
    walkOtlp(body)
    return ''
  } catch (error) {
    assert.instance(error, Failure)
    assert.is((error as Failure).code, 'BAD_REQUEST')
    return (error as Failure).message
  }
}

test('spans are counted and shown with their surroundings', () => {
  const second = Buffer.alloc(16, 9)
  const body = request(
    {},
    { traceId: second, parentId: Buffer.alloc(8, 2) },
    { parentId: Buffer.of() },
  )
  const owners = new Set<object>()
  const ids: string[] = []
  const spans = walkOtlp(body, {
    span(start, end, traceIdAt, owner) {
      assert.ok(owner.scopeStart < start && end <= owner.scopeEnd)
      assert.ok(owner.resourceStart < owner.scopeStart && owner.scopeEnd <= owner.resourceEnd)
      owners.add(owner)
      ids.push(Buffer.from(body.subarray(traceIdAt, traceIdAt + 16)).toString('hex'))
    },
  })
  assert.is(spans, 3)
  assert.is(owners.size, 1)
  assert.equal(ids, ['01'.repeat(16), '09'.repeat(16), '01'.repeat(16)])
  assert.is(walkOtlp(new Uint8Array(0)), 0)
})

test('truncated at every offset: refused, and never another kind of failure', () => {
  const body = request({ value: nested(3) })
  for (let size = 1; size < body.length; size++) {
    assert.match(refusal(body.subarray(0, size)), /^malformed OTLP protobuf/, `${size} bytes`)
  }
})

test('every byte changed: walked or refused, never past the end', () => {
  const body = request({ value: nested(2) }, {})
  for (let at = 0; at < body.length; at++) {
    for (const value of [0x00, 0x07, 0x7f, 0x80, 0xff]) {
      const changed = new Uint8Array(body)
      changed[at] = value
      refusal(changed)
      try {
        walkOtlp(changed, {
          span: (start, end, id) => assert.ok(start <= id && id + 16 <= end && end <= body.length),
        })
      } catch (error) {
        assert.is((error as Failure).code, 'BAD_REQUEST')
      }
    }
  }
})

test('ids have their size and are not zero', () => {
  for (const size of [0, 1, 8, 15, 17]) {
    const message = refusal(request({ traceId: Buffer.alloc(size, 1) }))
    assert.is(message, `trace ids must be 128 bit, received ${size * 8} bits`)
  }
  assert.match(refusal(request({ traceId: Buffer.alloc(16) })), 'received 0 bits')
  for (const size of [0, 7, 9, 16]) {
    const message = refusal(request({ spanId: Buffer.alloc(size, 1) }))
    assert.match(message, `not all zero, received ${size * 8} bits`)
  }
  assert.match(refusal(request({ spanId: Buffer.alloc(8) })), 'not all zero')
  assert.match(refusal(request({ parentId: Buffer.alloc(7, 1) })), 'received 56 bits')
  assert.is(refusal(request({ parentId: Buffer.alloc(8) })), '')
})

test('values nest to the limit, and a hostile depth is refused at once', () => {
  assert.is(refusal(request({ value: nested(nestingMax) })), '')
  for (const depth of [2 * nestingMax, 20_000]) {
    const message = refusal(request({ value: nested(depth) }))
    assert.is(message, `attribute values nested deeper than the limit of ${nestingMax}`)
  }
})

test.run()
