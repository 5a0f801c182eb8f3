import { fail } from '../base/errors.ts'

/** Tenant ids: who data belongs to, as the tenant header says it, and where it lies in a store. */

/** The tenant of everything when multi-tenancy is off. */
export const singleTenant = 'single-tenant'

const tenantIdCharsMax = 150
/** Between the ids of a query that asks several tenants. */
const separator = '|'

/** Fails with NO_TENANT when it is empty, with BAD_REQUEST when it is no tenant id. */
export function checkTenantId(id: string): void {
  if (id === '') throw fail('NO_TENANT', 'no org id')
  const bad = /[^A-Za-z0-9!\-_.*'()]/u.exec(id)?.[0]
  if (bad !== undefined) {
    const shown = id.slice(0, tenantIdCharsMax)
    throw fail('BAD_REQUEST', `tenant ID '${shown}' contains unsupported character '${bad}'`)
  }
  if (id.length > tenantIdCharsMax) {
    throw fail('BAD_REQUEST', `tenant ID is too long: max ${tenantIdCharsMax} characters`)
  }
  if (id === '.' || id === '..') throw fail('BAD_REQUEST', "tenant ID is '.' or '..'")
}

/** The tenants of a query, `a` or `a|b`: each once, sorted, at least one. Fails as `checkTenantId`. */
export function splitTenants(header: string): string[] {
  const ids = header.split(separator)
  for (const id of ids) checkTenantId(id)
  return [...new Set(ids)].sort()
}

/** The tenant of a write: exactly one. Fails as `checkTenantId`. */
export function oneTenant(header: string): string {
  const ids = splitTenants(header)
  if (ids.length > 1) throw fail('BAD_REQUEST', 'multiple org IDs present')
  return ids[0]!
}

const plainFolder = /^[A-Za-z0-9][A-Za-z0-9-]*$/
const encodedPrefix = '_t.'

/**
 * The folder of a tenant: its id where that is plain, else encoded, so that no tenant can have the
 * name of something else in the store. Also for other names that come from outside.
 */
export function tenantFolder(id: string): string {
  if (plainFolder.test(id)) return id
  return encodedPrefix + Buffer.from(id).toString('base64url')
}

/** The tenant whose folder this is; null for a folder that is not one of ours. */
export function tenantOfFolder(folder: string): string | null {
  const id = decodeFolder(folder)
  if (id === null) return null
  try {
    checkTenantId(id)
    return id
  } catch {
    // A name that no tenant can have: somebody else made the folder.
    return null
  }
}

/** The inverse of `tenantFolder` for any name. Null unless `tenantFolder` gives exactly this. */
export function decodeFolder(folder: string): string | null {
  if (plainFolder.test(folder)) return folder
  if (!folder.startsWith(encodedPrefix)) return null
  const name = Buffer.from(folder.slice(encodedPrefix.length), 'base64url').toString()
  return tenantFolder(name) === folder ? name : null
}
