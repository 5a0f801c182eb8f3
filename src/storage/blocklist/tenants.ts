import { tenantOfFolder } from '../../model/tenant.ts'
import type { ObjectStore } from '../object/object-store.ts'

export interface StoredTenant {
  readonly tenant: string
  readonly folder: string
}

/** Tenants that have anything in the store, in the order of their folders. One listing. */
export async function listTenants(store: ObjectStore): Promise<StoredTenant[]> {
  const tenants: StoredTenant[] = []
  for await (const { key, isFolder } of store.list('', { delimiter: '/' })) {
    if (!isFolder) continue
    const folder = key.slice(0, -1)
    // Ours for other things, or somebody else's.
    const tenant = tenantOfFolder(folder)
    if (tenant !== null) tenants.push({ tenant, folder })
  }
  return tenants
}
