import {
  type ColumnName,
  isDictionaryType,
  Scope,
  type ScopeCode,
  ValueType,
} from '../model/columns.ts'
import type { BlockFile } from '../storage/block/block-file.ts'
import { BlockSource } from '../storage/block/block-source.ts'
import {
  align8,
  Encoding,
  headerBytes,
  indexEntryBytes,
  tailBytes,
} from '../storage/block/format.ts'

/** What a block consists of, from its footer alone. Sizes are bytes, times ns since 1970. */
export interface BlockDescription {
  readonly object: string
  readonly bytes: number
  readonly spans: number
  readonly traces: number
  readonly groups: number
  /** Least start of a span and greatest end; absent in a block without spans. */
  readonly startNs?: string
  readonly endNs?: string
  /** Largest first; together the whole object. */
  readonly sections: readonly SectionDescription[]
  /** Largest first. */
  readonly columns: readonly ColumnDescription[]
}

export interface SectionDescription {
  readonly name: string
  readonly bytes: number
}

export interface ColumnDescription {
  readonly key: string
  readonly scope: string
  readonly type: string
  /** Of a repeated key: 0 for the first. */
  readonly occurrence: number
  /** Chunks and dictionaries. */
  readonly bytes: number
  readonly dictionaryBytes: number
  readonly encodings: readonly string[]
  readonly values: number
  /** Values per item (span, event, link, resource, scope) that could have one; absent for others. */
  readonly presence?: number
  /** Of numbers. */
  readonly min?: number
  readonly max?: number
  /** Different values, in all dictionaries of the column. */
  readonly dictionaryValues?: number
}

export function describeBlock(file: BlockFile): BlockDescription {
  const columns = file.columns.map((name, column) => describeColumn(file, name, column))
  const bySize = columns.toSorted((a, b) => b.bytes - a.bytes)
  return {
    object: file.reader.object,
    bytes: file.reader.size,
    spans: file.spans,
    traces: file.traces,
    groups: file.groupCount,
    ...timeRange(file),
    sections: describeSections(file),
    columns: bySize,
  }
}

function timeRange(file: BlockFile): { startNs?: string; endNs?: string } {
  const groups = new BlockSource(file).groups.filter(group => group.rows > 0)
  const [first] = groups.map(group => group.minStartNs).sort(ascending)
  const last = groups
    .map(group => group.maxEndNs)
    .sort(ascending)
    .at(-1)
  return first === undefined ? {} : { startNs: String(first), endNs: String(last) }
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const scopeNames = namesOf(Scope)
const typeNames = namesOf(ValueType)
const encodingNames = namesOf(Encoding)

function namesOf(codes: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  return new Map(Object.entries(codes).map(([name, code]) => [code, name]))
}

function describeColumn(file: BlockFile, name: ColumnName, column: number): ColumnDescription {
  const { f } = file
  const chunks = chunksOf(file, column)
  const sum = (read: (chunk: number) => number) => {
    return chunks.reduce((total, chunk) => total + read(chunk), 0)
  }
  const values = sum(chunk => f.chunkCount[chunk]!)
  const encodings = new Set(chunks.map(chunk => encodingNames.get(f.chunkEncoding[chunk]!) ?? '?'))
  const dictionaries = dictionariesOf(file, column)
  const dictionaryBytes = dictionaries.reduce((total, id) => total + sizeOfDictionary(file, id), 0)
  const items = itemsOf(file, name.scope)
  const isNumber = !isDictionaryType(name.type) && !fixedTypes.has(name.type)
  return {
    key: name.key,
    scope: scopeNames.get(name.scope) ?? String(name.scope),
    type: typeNames.get(name.type) ?? String(name.type),
    occurrence: name.occurrence,
    bytes: sum(chunk => align8(f.chunkBytes[chunk]!)) + dictionaryBytes,
    dictionaryBytes,
    encodings: [...encodings].sort(),
    values,
    ...(items === 0 ? {} : { presence: values / items }),
    ...(isNumber && chunks.length > 0 ? rangeOf(file, chunks) : {}),
    ...(dictionaries.length === 0
      ? {}
      : {
          dictionaryValues: dictionaries.reduce((total, id) => total + f.dictionaryValues[id]!, 0),
        }),
  }
}

const fixedTypes: ReadonlySet<number> = new Set([
  ValueType.fixed8,
  ValueType.fixed16,
  ValueType.fixed24,
])

function chunksOf({ f }: BlockFile, column: number): number[] {
  const first = f.columnFirstChunk[column]!
  return Array.from({ length: f.columnFirstChunk[column + 1]! - first }, (_, i) => first + i)
}

function rangeOf({ f }: BlockFile, chunks: readonly number[]): { min: number; max: number } {
  return {
    min: Math.min(...chunks.map(chunk => f.chunkMin[chunk]!)),
    max: Math.max(...chunks.map(chunk => f.chunkMax[chunk]!)),
  }
}

/** One for the block, or one for each chunk. */
export function dictionariesOf({ f }: BlockFile, column: number): number[] {
  const first = f.columnDictionary[column]!
  if (first < 0) return []
  if (f.columnDictionaryPerGroup[column] !== 1) return [first]
  const count = f.columnFirstChunk[column + 1]! - f.columnFirstChunk[column]!
  return Array.from({ length: count }, (_, i) => first + i)
}

function sizeOfDictionary({ f }: BlockFile, id: number): number {
  const end = f.dictionaryHeadOffset[id]! + align8(f.dictionaryHeadBytes[id]!)
  return end - f.dictionaryPagesOffset[id]!
}

/** How many items of an attribute's scope there are; 0 for columns that are not attributes. */
function itemsOf(file: BlockFile, scope: ScopeCode): number {
  if (scope === Scope.span) return file.spans
  const keys: Partial<Record<ScopeCode, string>> = {
    [Scope.event]: 'event.row',
    [Scope.link]: 'link.row',
    [Scope.resource]: 'resource.shape',
    [Scope.instrumentation]: 'scope.shape',
  }
  const column = file.columns.findIndex(({ scope: own, key }) => {
    return own === Scope.intrinsic && key === keys[scope]
  })
  if (column < 0) return 0
  return chunksOf(file, column).reduce((sum, chunk) => sum + file.f.chunkCount[chunk]!, 0)
}

/** Which section a column that is not an attribute counts to. */
const sectionRules: readonly (readonly [pattern: RegExp, section: string])[] = [
  [/^(trace|span)\.(start|duration)\.|^event\.time\./, 'times'],
  [/^(trace\.id|span\.id|orphan\.parent|link\.ids)$/, 'ids'],
  [/^(trace\.spans|span\.depth|orphan\.row)$/, 'tree'],
  [/^(trace|service)\./, 'summaries of traces'],
  [/\.(shape|resource|scope|row)$/, 'shapes and rows'],
]

function describeSections(file: BlockFile): SectionDescription[] {
  const { f } = file
  const sizes = new Map<string, number>()
  const add = (name: string, bytes: number) => sizes.set(name, (sizes.get(name) ?? 0) + bytes)
  for (let chunk = 0; chunk < f.chunkBytes.length; chunk++) {
    const { scope, key } = file.columns[file.columnOfChunk(chunk)]!
    const rule = sectionRules.find(([pattern]) => scope === Scope.intrinsic && pattern.test(key))
    const other = scope === Scope.intrinsic ? 'other fields' : 'attributes'
    add(rule?.[1] ?? other, align8(f.chunkBytes[chunk]!))
  }
  for (let id = 0; id < f.dictionaryValues.length; id++) {
    add('dictionaries', sizeOfDictionary(file, id))
  }
  add('trace-ID index', align8(file.traces * indexEntryBytes))
  add('footer', align8(file.footerPlace.bytes))
  add('header and trailer', headerBytes + tailBytes)
  return [...sizes]
    .map(([name, bytes]) => ({ name, bytes }))
    .sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1))
}
