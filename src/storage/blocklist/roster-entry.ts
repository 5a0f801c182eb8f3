import { FieldReader } from './fields.ts'
import { checkVersion } from './meta.ts'
import { openSealedJson, sealJson } from './sealed-json.ts'

/** What one instance says about what it holds. Sealed JSON. */
export interface RosterEntry {
  readonly instance: string
  /** Of its WAL directory. */
  readonly uuid: string
  /** How often that directory was opened. */
  readonly epoch: number
  readonly address: string
  /** False when every span that it acknowledged is in a committed block. */
  readonly pending: boolean
  /** Directories that had this name and went away owing spans, until a person forgets them. */
  readonly losses: readonly RosterLoss[]
  /** By its clock, ms since 1970; for people. */
  readonly atMs: number
}

export interface RosterLoss {
  readonly uuid: string
  readonly epoch: number
  readonly atMs: number
}

export const rosterVersion = 1

export function encodeRosterEntry(entry: RosterEntry): Uint8Array {
  return sealJson({ version: rosterVersion, ...entry })
}

/** Fails with CORRUPT, or UNIMPLEMENTED for a version that this server does not know. */
export function parseRosterEntry(bytes: Uint8Array, object: string): RosterEntry {
  const fields = new FieldReader(openSealedJson(bytes, object), object)
  checkVersion(fields, object, 'roster entry', rosterVersion)
  return {
    instance: fields.text('instance'),
    uuid: fields.text('uuid'),
    epoch: fields.count('epoch'),
    address: fields.text('address'),
    pending: fields.flag('pending'),
    losses: fields.groups('losses').map(group => ({
      uuid: group.text('uuid'),
      epoch: group.count('epoch'),
      atMs: group.count('atMs'),
    })),
    atMs: fields.count('atMs'),
  }
}
