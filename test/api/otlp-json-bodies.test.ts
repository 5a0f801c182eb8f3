import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure } from '../../src/base/errors.ts'
import { otlpJsonToProtobuf } from '../../src/wire/otlp-json-decode.ts'
import { tracesToOtlpJson, tracesToTempoJson } from '../../src/wire/otlp-json-encode.ts'

/** Bodies that clients have sent to an OTLP/HTTP receiver, good and bad. */

const test = suite('OTLP/JSON bodies')

function data(name: string): string {
  return readFileSync(new URL(`data/${name}`, import.meta.url), 'utf8')
}

interface Body {
  readonly name: string
  /** What a receiver answers; 404, 405 and 429 say nothing about the body. */
  readonly status: number
  readonly body: string
}

const bodies: Body[] = data('otlp-bodies.jsonl')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line))

/** Empty ids pass the decoder: only the span's owner can tell whether they are needed. */
const refusedLater = new Set(['otlp-020', 'otlp-023'])

for (const { name, status, body } of bodies) {
  const refused = status === 400 && !refusedLater.has(name)
  test(`${name} is ${refused ? 'refused' : 'taken'}`, () => {
    if (!refused) {
      assert.ok(otlpJsonToProtobuf(Buffer.from(body)).length > 0)
      return
    }
    try {
      otlpJsonToProtobuf(Buffer.from(body))
      assert.unreachable()
    } catch (error) {
      assert.instance(error, Failure)
      assert.match((error as Failure).message, /^ReadObject: /)
    }
  })
}

/** What the OTLP dialect of the encoder adds or leaves out, so that documents can be compared. */
function normalized(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map(item => normalized(item))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .map(([name, member]) => [name, normalized(member, name)] as const)
    .filter(([name, member]) => {
      if (name === 'status' || name === 'scope') return JSON.stringify(member) !== '{}'
      return key === 'value' || (member !== 0 && member !== '')
    })
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries)
}

test('a document with every kind of attribute comes back as it was', () => {
  const sent = JSON.parse(data('otlp-main.json'))
  const traces = otlpJsonToProtobuf(Buffer.from(JSON.stringify(sent)))
  assert.equal(normalized(JSON.parse(tracesToOtlpJson(traces))), normalized(sent))
  const tempo = JSON.parse(tracesToTempoJson(traces, 'resourceSpans'))
  assert.is(tempo.resourceSpans.length, sent.resourceSpans.length)
})

test.run()
