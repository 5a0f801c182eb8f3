import type {
  OperationsRequest,
  OperationsResult,
  SearchRequest,
  SearchResult,
  TagValuesRequest,
  TagValuesResult,
  TraceByIdRequest,
  TraceResult,
} from '../../contract/queries.ts'
import { acrossTenants } from '../tempo/across-tenants.ts'
import type { JaegerDeps, JaegerRequest } from './request.ts'

/** The queries of one request, over all of its tenants, and what they could not see. */
export interface TenantQueries {
  traceById(request: TraceByIdRequest): Promise<TraceResult>
  search(request: SearchRequest): Promise<SearchResult>
  tagValues(request: TagValuesRequest): Promise<TagValuesResult>
  operations(request: OperationsRequest): Promise<OperationsResult['operations']>
  /** Says in the answer that something is missing from it. */
  tell(reason: string): void
  /** Everything that was told, by the store too; undefined when the answer is complete. */
  partial(): string | undefined
}

export function tenantQueries(
  { queries }: Pick<JaegerDeps, 'queries'>,
  { tenants, signal }: Pick<JaegerRequest, 'tenants' | 'signal'>,
): TenantQueries {
  const reasons = new Set<string>()
  const noted = async <T extends { readonly partial?: string }>(answer: Promise<T>): Promise<T> => {
    const result = await answer
    if (result.partial !== undefined) reasons.add(result.partial)
    return result
  }
  const across = acrossTenants(queries, tenants, signal)
  return {
    traceById: request => noted(across.traceById(request)),
    search: request => noted(across.search(request)),
    tagValues: request => noted(across.tagValues(request)),
    operations: async request => {
      const parts = await Promise.all(
        tenants.map(tenant => noted(queries.operations(tenant, request, signal))),
      )
      return parts.flatMap(part => part.operations)
    },
    tell: reason => reasons.add(reason),
    partial: () => (reasons.size === 0 ? undefined : [...reasons].join('; ')),
  }
}
