import { group, mapOf } from '../base/settings.ts'
import type { Problem } from '../base/settings-problems.ts'
import { copyValues } from '../base/settings-tree.ts'
import { readYaml } from '../base/settings-yaml.ts'
import { type LimitValues, tenantLimits } from './limit-settings.ts'

/** What one tenant may do. 0 = no limit, unless said otherwise. */
export interface Limits {
  readonly ingestion: {
    /** `global`: the rate is shared by all distributors. */
    readonly rateStrategy: 'local' | 'global'
    /** Bytes of spans per second. */
    readonly rateLimitBytes: number
    readonly burstSizeBytes: number
    /** Live traces per ingester. */
    readonly maxTracesPerUser: number
    /** Live traces of all ingesters together. */
    readonly maxGlobalTracesPerUser: number
    readonly maxAttributeBytes: number
    readonly maxBytesPerTrace: number
    /** Ingesters that a tenant is spread over; 0 = all. */
    readonly tenantShardSize: number
    readonly retryInfoEnabled: boolean
  }
  readonly read: {
    readonly maxBytesPerTagValuesQuery: number
    readonly maxBlocksPerTagValuesQuery: number
    readonly maxSearchDurationMs: number
    readonly maxMetricsDurationMs: number
    readonly unsafeQueryHints: boolean
  }
  readonly compaction: {
    /** 0 = kept for ever. */
    readonly blockRetentionMs: number
    readonly compactionWindowMs: number
    readonly compactionDisabled: boolean
  }
  readonly metricsGenerator: { readonly processors: readonly string[] }
}

/** Settings of the modules that count where a tenant's own limit is 0. */
export interface LimitFallbacks {
  readonly maxAttributeBytes: number
  readonly maxSearchDurationMs: number
  readonly maxMetricsDurationMs: number
  readonly blockRetentionMs: number
  readonly compactionWindowMs: number
}

export function resolveLimits(values: LimitValues, fallbacks: LimitFallbacks): Limits {
  const { ingestion, read, compaction, global, metricsGenerator } = values
  return {
    ingestion: {
      ...ingestion,
      maxAttributeBytes: ingestion.maxAttributeBytes || fallbacks.maxAttributeBytes,
      maxBytesPerTrace: ingestion.maxBytesPerTrace ?? global.maxBytesPerTrace,
    },
    read: {
      ...read,
      maxSearchDurationMs: read.maxSearchDurationMs || fallbacks.maxSearchDurationMs,
      maxMetricsDurationMs: read.maxMetricsDurationMs || fallbacks.maxMetricsDurationMs,
    },
    compaction: {
      ...compaction,
      blockRetentionMs: compaction.blockRetentionMs || fallbacks.blockRetentionMs,
      compactionWindowMs: compaction.compactionWindowMs || fallbacks.compactionWindowMs,
    },
    metricsGenerator,
  }
}

/** The entry of the per-tenant file that counts for tenants without one of their own. */
const wildcard = '*'

/**
 * The limits of every tenant. A tenant with an entry has its values and the defaults for the rest;
 * the wildcard entry is used only for tenants without an entry, not merged with theirs.
 */
export class Overrides {
  readonly #fallbacks: LimitFallbacks
  readonly #defaults: Limits
  #tenants: ReadonlyMap<string, Limits> = new Map()
  constructor(defaults: LimitValues, fallbacks: LimitFallbacks) {
    this.#fallbacks = fallbacks
    this.#defaults = resolveLimits(defaults, fallbacks)
  }
  get defaults(): Limits {
    return this.#defaults
  }
  /** Tenants with an entry, sorted, the wildcard among them. */
  get tenants(): readonly string[] {
    return [...this.#tenants.keys()].sort()
  }
  limitsFor(tenant: string): Limits {
    return this.#tenants.get(tenant) ?? this.#tenants.get(wildcard) ?? this.#defaults
  }
  replaceTenants(tenants: ReadonlyMap<string, LimitValues>): void {
    const resolved = new Map<string, Limits>()
    for (const [tenant, values] of tenants) {
      resolved.set(tenant, resolveLimits(values, this.#fallbacks))
    }
    this.#tenants = resolved
  }
}

export interface TenantLimits {
  readonly tenants: ReadonlyMap<string, LimitValues>
  readonly problems: readonly Problem[]
}

/** Reads a per-tenant file. An empty file and empty entries are valid; `problems` says the rest. */
export function readTenantLimits(text: string, file: string, defaults: LimitValues): TenantLimits {
  const root = group({
    yaml: '',
    help: 'The per-tenant file.',
    fields: {
      tenants: mapOf({
        yaml: 'overrides',
        help: 'A section for each tenant.',
        of: tenantLimits,
        start: () => copyValues(tenantLimits, inheritable(defaults)),
      }),
    },
  })
  const { values, problems } = readYaml(root, text, file)
  return { tenants: values.tenants, problems }
}

/** An entry's `global.max_bytes_per_trace` must win over a default that stood under `ingestion`. */
function inheritable(defaults: LimitValues): LimitValues {
  const { ingestion, global } = defaults
  const maxBytesPerTrace = ingestion.maxBytesPerTrace ?? global.maxBytesPerTrace
  return {
    ...defaults,
    ingestion: { ...ingestion, maxBytesPerTrace: null },
    global: { maxBytesPerTrace },
  }
}
