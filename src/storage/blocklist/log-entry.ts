import { FieldReader } from './fields.ts'
import { type BlockMeta, checkVersion, readBlockMeta } from './meta.ts'
import { openSealedJson, sealJson } from './sealed-json.ts'

/**
 * One change of a tenant's list of blocks, the object `<tenant folder>/_log/<20 digits>`. Entries
 * are numbered from 1 without gaps, are never changed and never deleted. Sealed JSON.
 */
export interface LogEntry extends BlockListChange {
  /** Instance that committed it. */
  readonly by: string
  /** By its clock, ms since 1970; for people. */
  readonly atMs: number
}

export interface BlockListChange {
  readonly adds: readonly BlockMeta[]
  /** Ids of blocks that are not queried any more. Their objects stay for a while. */
  readonly removes: readonly string[]
  /** Ids of removed blocks whose objects are gone for good, so that they can be forgotten. */
  readonly deleted: readonly string[]
}

export const logEntryVersion = 1

const logFolder = '_log'
const digits = 20

/** Where a tenant's log lies, ending with `/`. */
export function logPrefix(folder: string): string {
  return `${folder}/${logFolder}/`
}

export function logEntryKey(folder: string, seq: number): string {
  return logPrefix(folder) + numberInKey(seq)
}

/** Numbers in keys have 20 digits, so that keys sort like them. */
export function numberInKey(value: number): string {
  return String(value).padStart(digits, '0')
}

/** The inverse of `numberInKey`; null for anything else. */
export function numberOfKey(text: string): number | null {
  const value = /^\d{20}$/.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(value) ? value : null
}

export function encodeLogEntry(entry: LogEntry): Uint8Array {
  const { adds, removes, deleted, by, atMs } = entry
  return sealJson({ version: logEntryVersion, adds, removes, deleted, by, atMs })
}

/** Fails with CORRUPT, or UNIMPLEMENTED for a version that this server does not know. */
export function parseLogEntry(bytes: Uint8Array, object: string): LogEntry {
  const fields = new FieldReader(openSealedJson(bytes, object), object)
  checkVersion(fields, object, 'log entry', logEntryVersion)
  return {
    adds: fields.groups('adds').map(group => readBlockMeta(group, object)),
    removes: fields.texts('removes'),
    deleted: fields.texts('deleted'),
    by: fields.text('by'),
    atMs: fields.count('atMs'),
  }
}
