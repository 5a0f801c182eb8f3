import { Scope, type ScopeCode, ValueType, type ValueTypeCode } from '../../model/columns.ts'

/**
 * The block format, version 1. Writer and reader have no other description than this one.
 *
 * A block is one data object plus `block.json`, under `<tenant folder>/<block id>/`. Everything is
 * little-endian; every section begins at a multiple of 8; strings are UTF-8, ordered by bytes.
 *
 *     data object                              footer (FlatBuffers, vectors of scalars: footer.fbs)
 *     +----------------------------------+ 0   version, spans, traces
 *     | magic "VBLK" | u32 version       |     group_*    one element per row group; group_times has
 *     +----------------------------------+                ten u32 a group: low, high lanes of least
 *     | row group 0                      |                and greatest trace start, least and
 *     |   chunks, in order of columns    |                greatest span start, greatest span end
 *     +----------------------------------+     column_*   one per column, in file order; keys are
 *     | row group 1 ...                  |                key[end[i-1], end[i]); column_by_key sorts
 *     +----------------------------------+                them by (key, scope, type, occurrence);
 *     | owner group: columns of          |                chunks first[i] .. first[i+1]
 *     |   resources and scopes           |     chunk_*    one per (column, group), by column
 *     +----------------------------------+     shape_*    columns of shape i: [end[i-1], end[i])
 *     | dictionaries: pages, then head   |     dictionary_*  one per dictionary
 *     +----------------------------------+     index_*    the trace-ID index
 *     | trace-ID index, pages            |
 *     +----------------------------------+     Chunk offsets are not stored: they are running sums
 *     | footer                           |     of the group's chunk bytes in column order, each
 *     +----------------------------------+     rounded up to 8.
 *     | u32 footer bytes | u32 crc32     |
 *     | u32 version      | "VBLK"        |     16 bytes; reading starts here
 *     +----------------------------------+
 *
 * Chunk encodings: see `Encoding`. Values of dictionary columns are codes.
 * Presence: the k-th value of an attribute column belongs to the k-th row whose shape has the
 * column; when all rows have it, no lookup is needed. Rare columns come in pairs `x.row`, `x`.
 *
 * Dictionary head: u32 pages | u32 flags | u32 firstCode[p+1] | u32 pageEnd[p] | u32 rawBytes[p]
 *                  | u32 crc32[p] | u32 separatorEnd[p] | separators
 *                  separator of a page: the shortest beginning of its first value that comes
 *                  after all values of the page before; empty for the first page
 *            page: lengths (u16, or u32 with flag 1) | u32 groupSet[m] with flag 2 | value bytes;
 *                  in zstd when stored smaller than rawBytes
 *   groupSet bit i: the value occurs in row groups [i*s, (i+1)*s), s = ceil(groups / 32)
 * Index page: up to 1,024 entries as lanes: u32 hashHigh[] (sorted over all pages) | u32 hashLow[]
 *   | u32 place[] = group << 20 | trace in group | u32 spans[] | u32 fingerprintLow[] | ...High[]
 *
 * Invariants
 * 1. The rows of a trace are contiguous, in one group, depth-first, siblings by start. The first
 *    has depth 0 and depth[i+1] <= depth[i] + 1.
 * 2. A row at depth 0 is a root, or it is listed in `orphan.row` with the parent id it was sent
 *    with. Any other row's parent is the nearest row before it with depth - 1.
 * 3. Traces are ordered by start (ties by id); traces that last longer than `outlierTraceMs`, or
 *    start more than `outlierDistanceMs` from the block's median, lie in groups of their own at
 *    the end.
 * 4. A cycle of parents is cut at its earliest span, which becomes an orphan. A repeated span id
 *    keeps all its rows; children go to the first.
 * 5. Shapes keep the order of attributes; occurrence n of a repeated key is a column of its own;
 *    attributes beyond the column limit are one KeyValueList in the scope's overflow column.
 * 6. Codes are dense and every dictionary value is used by some row.
 * 7. CRC-32 covers stored bytes: each chunk, page, head, index page and the footer.
 * 8. Times are 64-bit nanoseconds as two u32 lanes; differences are taken modulo 2^64, so every
 *    time that can be sent comes back.
 */
export const blockVersion = 1
export const blockMagic = 'VBLK'
export const headerBytes = 8
export const tailBytes = 16

/** One read of the end of a block: the footer and most dictionary heads of a common block. */
export const tailReadBytes = 262_144

/** How spans are cut into row groups. */
export const groupLimits = {
  /** A group is closed before the trace that would exceed this; a larger trace has its own. */
  groupSpansTarget: 32_768,
  /** place = group << 20 | trace in group, in 32 bits. */
  tracesPerGroupMax: 1 << 20,
  /** Longer traces, and those further from the block's median, lie in groups of their own. */
  outlierTraceMs: 600_000,
  outlierDistanceMs: 3_600_000,
} as const

/** Above this many distinct values a column has a dictionary per row group. */
export const dictionaryValuesMax = 262_144
/** Dictionaries above this size say in which groups each value occurs. */
export const groupSetValuesMin = 4096
export const dictionaryPageBytes = 16_384
/** Pages below this stay uncompressed: a zstd call costs more than it saves. */
export const dictionaryPageZstdBytesMin = 2048

export const indexPageEntries = 1024
export const indexEntryBytes = 24

export const subBlockRows = 1024

export const DictionaryFlag = { wideLengths: 1, groupSets: 2 } as const

export const Encoding = {
  /** No bytes; every value is `min`. */
  constant: 0,
  /** value - min in `width` bits. */
  packed: 1,
  /** value - min as `width` byte planes of `count` bytes each. */
  planes: 2,
  planesZstd: 3,
  float64: 4,
  float64Zstd: 5,
  /** `count` × `width` bytes. */
  bytes: 6,
  /** Packed in sub-blocks of 1,024 values with base and width of their own. */
  subBlocks: 7,
} as const

/** Columns that are not attributes; in file order. `type` decides how values are stored. */
export const intrinsicColumns = {
  'trace.id': ValueType.fixed16,
  'trace.spans': ValueType.u32,
  'trace.start.low': ValueType.u32,
  'trace.start.high': ValueType.u32,
  'trace.duration.low': ValueType.u32,
  'trace.duration.high': ValueType.u32,
  'trace.hasRoot': ValueType.u32,
  'trace.rootName': ValueType.text,
  'trace.rootService': ValueType.text,
  'trace.services': ValueType.u32,
  'service.name': ValueType.text,
  'service.spans': ValueType.u32,
  'service.errors': ValueType.u32,
  'span.shape': ValueType.u32,
  'span.depth': ValueType.u32,
  'span.resource': ValueType.u32,
  'span.scope': ValueType.u32,
  'span.id': ValueType.fixed8,
  'span.start.low': ValueType.u32,
  'span.start.high': ValueType.u32,
  'span.duration.low': ValueType.u32,
  'span.duration.high': ValueType.u32,
  'span.name': ValueType.text,
  'span.kind': ValueType.u32,
  'span.status': ValueType.u32,
  'orphan.row': ValueType.u32,
  'orphan.parent': ValueType.fixed8,
  'statusMessage.row': ValueType.u32,
  statusMessage: ValueType.text,
  'traceState.row': ValueType.u32,
  traceState: ValueType.text,
  'flags.row': ValueType.u32,
  flags: ValueType.u32,
  'droppedAttributes.row': ValueType.u32,
  droppedAttributes: ValueType.u32,
  'droppedEvents.row': ValueType.u32,
  droppedEvents: ValueType.u32,
  'droppedLinks.row': ValueType.u32,
  droppedLinks: ValueType.u32,
  'event.row': ValueType.u32,
  'event.time.low': ValueType.u32,
  'event.time.high': ValueType.u32,
  'event.name': ValueType.text,
  'event.shape': ValueType.u32,
  'event.dropped': ValueType.u32,
  'link.row': ValueType.u32,
  'link.ids': ValueType.fixed24,
  'link.traceState': ValueType.text,
  'link.flags': ValueType.u32,
  'link.shape': ValueType.u32,
  'link.dropped': ValueType.u32,
  'resource.shape': ValueType.u32,
  'resource.service': ValueType.text,
  'resource.schemaUrl': ValueType.text,
  'resource.dropped': ValueType.u32,
  'scope.shape': ValueType.u32,
  'scope.name': ValueType.text,
  'scope.version': ValueType.text,
  'scope.schemaUrl': ValueType.text,
  'scope.dropped': ValueType.u32,
} as const satisfies Record<string, ValueTypeCode>

export type IntrinsicColumn = keyof typeof intrinsicColumns

export function fixedBytes(type: ValueTypeCode): number {
  if (type === ValueType.fixed8) return 8
  return type === ValueType.fixed16 ? 16 : 24
}

/** Columns of resources and scopes have their chunks in the owner group, after the row groups. */
export function isOwnerScope(scope: ScopeCode): boolean {
  return scope === Scope.resource || scope === Scope.instrumentation
}

/** Rounds up to the next multiple of 8, where the next section begins. */
export function align8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8
}
