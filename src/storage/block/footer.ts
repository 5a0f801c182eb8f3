import { Builder, ByteBuffer } from 'flatbuffers'
import type { ColumnName } from '../../model/columns.ts'
import { blockVersion } from './format.ts'
import { BlockFooter } from './generated/block-footer.ts'

/** What the writer collects for the footer; see format.ts for the meaning of each vector. */
export interface FooterParts {
  spans: number
  traces: number
  groupSpans: number[]
  groupTraces: number[]
  groupOffset: number[]
  groupBytes: number[]
  groupTimes: number[]
  columns: ColumnName[]
  columnDictionary: number[]
  columnDictionaryPerGroup: number[]
  columnFirstChunk: number[]
  chunkGroup: number[]
  chunkCount: number[]
  chunkBytes: number[]
  chunkCrc: number[]
  chunkEncoding: number[]
  chunkWidth: number[]
  chunkScale: number[]
  chunkMin: number[]
  chunkMax: number[]
  shapes: Uint16Array[]
  dictionaryValues: number[]
  dictionaryHeadOffset: number[]
  dictionaryHeadBytes: number[]
  dictionaryHeadCrc: number[]
  dictionaryPagesOffset: number[]
  indexOffset: number
  indexPageCrc: number[]
}

export function emptyFooter(): FooterParts {
  return {
    spans: 0,
    traces: 0,
    groupSpans: [],
    groupTraces: [],
    groupOffset: [],
    groupBytes: [],
    groupTimes: [],
    columns: [],
    columnDictionary: [],
    columnDictionaryPerGroup: [],
    columnFirstChunk: [],
    chunkGroup: [],
    chunkCount: [],
    chunkBytes: [],
    chunkCrc: [],
    chunkEncoding: [],
    chunkWidth: [],
    chunkScale: [],
    chunkMin: [],
    chunkMax: [],
    shapes: [],
    dictionaryValues: [],
    dictionaryHeadOffset: [],
    dictionaryHeadBytes: [],
    dictionaryHeadCrc: [],
    dictionaryPagesOffset: [],
    indexOffset: 0,
    indexPageCrc: [],
  }
}

export function encodeFooter(parts: FooterParts): Uint8Array {
  const builder = new Builder(4096)
  const F = BlockFooter
  const keys = parts.columns.map(column => Buffer.from(column.key))
  const shapeEnds: number[] = []
  let shapeEnd = 0
  for (const shape of parts.shapes) shapeEnds.push((shapeEnd += shape.length))
  const shapeColumns = parts.shapes.flatMap(shape => [...shape])
  const root = F.createBlockFooter(
    builder,
    blockVersion,
    parts.spans,
    parts.traces,
    F.createGroupSpansVector(builder, parts.groupSpans),
    F.createGroupTracesVector(builder, parts.groupTraces),
    F.createGroupOffsetVector(builder, parts.groupOffset),
    F.createGroupBytesVector(builder, parts.groupBytes),
    F.createGroupTimesVector(builder, parts.groupTimes),
    F.createColumnKeyEndVector(builder, runningSums(keys.map(key => key.length))),
    F.createColumnKeyVector(builder, Buffer.concat(keys)),
    F.createColumnScopeVector(
      builder,
      parts.columns.map(column => column.scope),
    ),
    F.createColumnTypeVector(
      builder,
      parts.columns.map(column => column.type),
    ),
    F.createColumnOccurrenceVector(
      builder,
      parts.columns.map(column => column.occurrence),
    ),
    F.createColumnDictionaryVector(builder, parts.columnDictionary),
    F.createColumnDictionaryPerGroupVector(builder, parts.columnDictionaryPerGroup),
    F.createColumnFirstChunkVector(builder, parts.columnFirstChunk),
    F.createColumnByKeyVector(builder, columnsByKey(parts.columns, keys)),
    F.createChunkGroupVector(builder, parts.chunkGroup),
    F.createChunkCountVector(builder, parts.chunkCount),
    F.createChunkBytesVector(builder, parts.chunkBytes),
    F.createChunkCrcVector(builder, parts.chunkCrc),
    F.createChunkEncodingVector(builder, parts.chunkEncoding),
    F.createChunkWidthVector(builder, parts.chunkWidth),
    F.createChunkScaleVector(builder, parts.chunkScale),
    F.createChunkMinVector(builder, parts.chunkMin),
    F.createChunkMaxVector(builder, parts.chunkMax),
    F.createShapeEndVector(builder, shapeEnds),
    F.createShapeColumnVector(builder, shapeColumns),
    F.createDictionaryValuesVector(builder, parts.dictionaryValues),
    F.createDictionaryHeadOffsetVector(builder, parts.dictionaryHeadOffset),
    F.createDictionaryHeadBytesVector(builder, parts.dictionaryHeadBytes),
    F.createDictionaryHeadCrcVector(builder, parts.dictionaryHeadCrc),
    F.createDictionaryPagesOffsetVector(builder, parts.dictionaryPagesOffset),
    parts.indexOffset,
    F.createIndexPageCrcVector(builder, parts.indexPageCrc),
  )
  builder.finish(root)
  return builder.asUint8Array().slice()
}

function runningSums(lengths: readonly number[]): number[] {
  let sum = 0
  return lengths.map(length => (sum += length))
}

function columnsByKey(columns: readonly ColumnName[], keys: readonly Buffer[]): number[] {
  return [...columns.keys()].sort((a, b) => {
    const x = columns[a]!
    const y = columns[b]!
    const byKey = Buffer.compare(keys[a]!, keys[b]!)
    return byKey || x.scope - y.scope || x.type - y.type || x.occurrence - y.occurrence
  })
}

export type { BlockFooter }

/** A view of footer bytes, which must begin at an address divisible by 8. */
export function viewFooter(bytes: Uint8Array): BlockFooter {
  return BlockFooter.getRootAsBlockFooter(new ByteBuffer(bytes))
}
