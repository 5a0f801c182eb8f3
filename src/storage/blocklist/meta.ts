import { fail } from '../../base/errors.ts'
import { FieldReader } from './fields.ts'
import { openSealedJson, sealJson } from './sealed-json.ts'

/**
 * What is known about a block without opening it: `block.json` beside its data, and the same
 * properties in the entries of the tenant's log. Times are ns since 1970 as decimal text.
 */
export interface BlockMeta {
  readonly version: typeof blockMetaVersion
  /** Unique in the tenant for ever: a block is never changed, and its id never used again. */
  readonly id: string
  readonly tenant: string
  readonly spans: number
  readonly traces: number
  /** Size of the data object. */
  readonly bytes: number
  readonly groups: number
  readonly footerBytes: number
  /** Where the trace-ID index lies, so that its page is read together with the footer. */
  readonly index: {
    readonly offset: number
    readonly entries: number
    readonly pageEntries: number
  }
  /** Least and greatest start of a span, greatest end. */
  readonly minStartNs: string
  readonly maxStartNs: string
  readonly maxEndNs: string
  /** Instance that wrote it. */
  readonly createdBy: string
  /** By its clock, ms since 1970; of a merged block the latest of what it was merged from. */
  readonly createdMs: number
  /** 0 from an ingester, one more than its highest input from a compactor. */
  readonly level: number
  /** The blocks that it was merged from: it has all of their spans. */
  readonly replaces?: readonly string[]
}

export const blockMetaVersion = 1

/** What the writer of a block knows of it; times in ns since 1970. */
type WriterFacts = Pick<
  BlockMeta,
  'spans' | 'traces' | 'bytes' | 'groups' | 'footerBytes' | 'index'
> &
  Readonly<Record<'minStartNs' | 'maxStartNs' | 'maxEndNs', bigint>>

/** The same as a description has it. */
export function factsOf(written: WriterFacts) {
  const { spans, traces, bytes, groups, footerBytes, index } = written
  return {
    ...{ spans, traces, bytes, groups, footerBytes, index },
    minStartNs: written.minStartNs.toString(),
    maxStartNs: written.maxStartNs.toString(),
    maxEndNs: written.maxEndNs.toString(),
  }
}

const blockIdPattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,99}$/

/** Ids are UUIDs; whatever else is a plain name works. */
export function isBlockId(text: string): boolean {
  return blockIdPattern.test(text)
}

export function blockMetaKey(folder: string, id: string): string {
  return `${folder}/${id}/block.json`
}

export function blockDataKey(folder: string, id: string): string {
  return `${folder}/${id}/data.vblk`
}

export function encodeBlockMeta(meta: BlockMeta): Uint8Array {
  return sealJson(meta)
}

/** Fails with CORRUPT, or UNIMPLEMENTED for a version that this server does not know. */
export function parseBlockMeta(bytes: Uint8Array, object: string): BlockMeta {
  return readBlockMeta(new FieldReader(openSealedJson(bytes, object), object), object)
}

export function readBlockMeta(fields: FieldReader, object: string): BlockMeta {
  checkVersion(fields, object, 'block description', blockMetaVersion)
  const index = fields.group('index')
  const id = fields.text('id')
  if (!isBlockId(id)) throw fail('CORRUPT', `block id in ${object}`, { object })
  return {
    version: blockMetaVersion,
    id,
    tenant: fields.text('tenant'),
    spans: fields.count('spans'),
    traces: fields.count('traces'),
    bytes: fields.count('bytes'),
    groups: fields.count('groups'),
    footerBytes: fields.count('footerBytes'),
    index: {
      offset: index.count('offset'),
      entries: index.count('entries'),
      pageEntries: index.count('pageEntries'),
    },
    minStartNs: fields.nanoseconds('minStartNs'),
    maxStartNs: fields.nanoseconds('maxStartNs'),
    maxEndNs: fields.nanoseconds('maxEndNs'),
    createdBy: fields.text('createdBy'),
    createdMs: fields.count('createdMs'),
    level: fields.count('level'),
    ...(fields.has('replaces') ? { replaces: fields.texts('replaces') } : {}),
  }
}

/** Fails with UNIMPLEMENTED for a version above ours. */
export function checkVersion(
  fields: FieldReader,
  object: string,
  what: string,
  known: number,
): void {
  const version = fields.count('version')
  if (version === known) return
  const message = `${object} has ${what} version ${version}, this server reads version ${known}`
  throw fail('UNIMPLEMENTED', message, { object, version })
}
