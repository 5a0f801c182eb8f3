import { fail } from '../base/errors.ts'
import { oneTenant, singleTenant, splitTenants } from '../model/tenant.ts'

/** Tenants of requests: everything is one tenant unless multi-tenancy is on. */
export interface TenantRules {
  /** For queries: one or several (`a|b`). */
  forQuery(header: string | undefined): readonly string[]
  /** For spans: exactly one. */
  forWrite(header: string | undefined): string
}

export function tenantRules(multitenancy: boolean, multiTenantQueries: boolean): TenantRules {
  if (!multitenancy) return { forQuery: () => [singleTenant], forWrite: () => singleTenant }
  return {
    forQuery(header) {
      if (!header) throw fail('NO_TENANT', 'no org id')
      const tenants = multiTenantQueries ? splitTenants(header) : [oneTenant(header)]
      return tenants
    },
    forWrite(header) {
      // An exporter that is behind a gateway may get its header later: it should try again.
      if (header === undefined) throw fail('UNAVAILABLE', 'no org id')
      // An empty name, alone or among others, is the client's fault.
      if (header.split('|').includes('')) throw fail('BAD_REQUEST', 'no org id')
      return oneTenant(header)
    },
  }
}
