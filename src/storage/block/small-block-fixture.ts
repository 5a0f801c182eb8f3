import type { ColumnRef, GroupNeed } from '../../model/column-batch.ts'
import { isDictionaryType, Scope, type ScopeCode } from '../../model/columns.ts'
import { ProtoWriter } from '../../wire/protobuf.ts'
import { appendOtlp } from '../live/decode-otlp.ts'
import { LiveSegment } from '../live/live-segment.ts'
import { createBlockCache } from './block-cache.ts'
import { BlockFile, type RangeReader } from './block-file.ts'
import { BlockSource } from './block-source.ts'
import { intrinsicColumns } from './format.ts'
import { writeBlock } from './writer.ts'

/** A block that is small enough to be damaged in every way, and everything that can be read of it. */

export function smallBlock(): Buffer {
  const w = new ProtoWriter()
  const attribute = (to: ProtoWriter, field: number, key: string, text: string) => {
    to.messageField(field, kv => {
      kv.textField(1, key)
      kv.messageField(2, value => value.textField(1, text))
    })
  }
  w.messageField(1, rs => {
    rs.messageField(1, resource => attribute(resource, 1, 'service.name', 'shop'))
    rs.messageField(2, ss => {
      ss.messageField(1, scope => scope.textField(1, 'lib'))
      for (let i = 1; i <= 4; i++) {
        ss.messageField(2, span => {
          span.bytesField(1, Buffer.alloc(16, i >> 1 || 7))
          span.bytesField(2, Buffer.alloc(8, i))
          if (i === 3) span.bytesField(4, Buffer.alloc(8, 2))
          span.textField(5, `span ${i}`)
          span.fixed64Field(7, 1_700_000_000_000_000_000n + BigInt(i * 1000))
          span.fixed64Field(8, 1_700_000_000_000_900_000n)
          attribute(span, 9, 'key', `value ${i}`)
          span.messageField(9, kv => {
            kv.textField(1, 'number')
            kv.messageField(2, value => value.varintField(3, i * i))
          })
          if (i === 2) span.messageField(11, event => event.textField(2, 'event'))
        })
      }
    })
  })
  const segment = new LiveSegment()
  appendOtlp(segment, w.finish())
  const parts: Uint8Array[] = []
  const steps = writeBlock(segment, bytes => parts.push(bytes))
  while (!steps.next().done);
  return Buffer.concat(parts)
}

export function readerOf(bytes: Uint8Array): RangeReader {
  return {
    object: 'memory',
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
  }
}

export async function openBlock(bytes: Uint8Array): Promise<BlockSource> {
  return new BlockSource(await BlockFile.open('b', readerOf(bytes), createBlockCache(1e6)))
}

export const everyNeed = new Set<GroupNeed>([
  ...(['traceOfRow', 'durations', 'starts', 'events', 'eventOffsets', 'links'] as const),
  ...(['resources', 'scopes', 'traces', 'tree', 'parents', 'summaries'] as const),
])
const scopes: readonly ScopeCode[] = [0, 1, 2, 3, 4]

export async function columnsOf(source: BlockSource): Promise<ColumnRef[]> {
  const refs = Object.keys(intrinsicColumns).map(key => source.intrinsic(key))
  for (const scope of scopes) {
    const keys = new Set(source.columnNames(scope).map(name => name.key))
    for (const key of keys) refs.push(...source.columns(scope, key))
  }
  return refs.filter(ref => ref !== null)
}

async function dictionaryOf(source: BlockSource, ref: ColumnRef, group: number): Promise<unknown> {
  if (!isDictionaryType(ref.name.type) || !source.stats(ref, group).present) return null
  const dictionary = source.dictionary(ref, group)
  const codes = Array.from({ length: dictionary.size }, (_, code) => code)
  const bytes = await dictionary.load(codes)
  const texts = codes.map(code => Buffer.from(bytes(code)).toString('latin1'))
  const found = await Promise.all(codes.map(code => dictionary.find(bytes(code))))
  const matched = await dictionary.match('all', value => value.length > 4)
  return [texts, found, [...matched]]
}

/** All that can be read of a block, as text. */
export async function everythingOf(bytes: Uint8Array): Promise<string> {
  const source = await openBlock(bytes)
  const refs = await columnsOf(source)
  const found: unknown[] = [source.spans, source.traces, source.groups, refs]
  for (const [index, info] of source.groups.entries()) {
    const group = await source.load(index, refs, everyNeed)
    for (const ref of refs) {
      found.push(group.vector(ref), source.stats(ref, index))
      found.push(await dictionaryOf(source, ref, index))
    }
    found.push(group.traceOfRow(), group.itemRows('event'), group.itemRows('link'))
    found.push(group.ownerOfRow(Scope.resource), group.ownerOfRow(Scope.instrumentation))
    found.push(group.durations(), group.startOffsets(), group.eventOffsets())
    found.push(group.traceColumns(), group.tree(), group.parentIds())
    const traces = [...Array(info.traces).keys()]
    found.push(await source.summaries(index, traces))
    for (const trace of traces) found.push(await source.readTrace({ group: index, trace }))
  }
  for (const scope of [Scope.resource, Scope.instrumentation]) {
    const own = refs.filter(ref => ref.name.scope === scope)
    const owners = await source.owners(scope, own)
    found.push(owners.count, ...own.map(ref => owners.vector(ref)))
  }
  found.push(await source.index(), await source.locate(Buffer.alloc(16, 1)))
  return JSON.stringify(found, (_key, value) => (typeof value === 'bigint' ? `${value}n` : value))
}
