import type { Target } from './config/schema.ts'
import { startFrontend, startJaegerApi, startQuerier, startTempoApi } from './modules-query.ts'
import { startInternal, startServer } from './modules-server.ts'
import { startCompactor, startIngester, startStore } from './modules-storage.ts'
import {
  serveIngester,
  startDistributor,
  startGenerator,
  startIngesterClients,
  startMembers,
  startOverrides,
  startReceivers,
} from './modules-write.ts'
import type { Parts, Surroundings } from './parts.ts'
import type { ModuleTable } from './registry.ts'

/**
 * Every module: what it needs and how it starts. In a process with several targets they meet
 * directly; alone, each reaches the others over the network. Modules that only some processes
 * have (`ingester` for a querier) are asked for with `find`.
 */
export function moduleTable(around: Surroundings): ModuleTable<Parts> {
  const { targets } = around.config
  const has = (target: Target) => targets.includes('all') || targets.includes(target)
  // Where the other side runs in the same process, it must be there first.
  const local = <N extends keyof Parts>(target: Target, name: N): N[] => (has(target) ? [name] : [])
  return {
    server: { needs: [], start: parts => startServer(around, parts) },
    internal: { needs: ['server'], start: () => startInternal(around) },
    overrides: { needs: [], start: () => startOverrides(around) },
    members: { needs: ['internal'], start: () => startMembers(around) },
    store: { needs: ['server'], start: () => startStore(around) },
    ingester: {
      needs: ['internal', 'store', 'overrides', 'members'],
      async start(parts) {
        const started = await startIngester(around, parts)
        await serveIngester(around, {
          ...parts,
          get: name => (name === 'ingester' ? started.part : parts.get(name)) as never,
        })
        return started
      },
    },
    'ingester-clients': {
      needs: ['members', ...local('ingester', 'ingester')],
      start: parts => startIngesterClients(around, parts),
    },
    distributor: {
      needs: ['server', 'overrides', 'members', 'ingester-clients'],
      start: parts => startDistributor(around, parts),
    },
    receivers: { needs: ['distributor'], start: parts => startReceivers(around, parts) },
    querier: {
      needs: ['server', 'store', 'members', ...local('ingester', 'ingester')],
      start: parts => startQuerier(around, parts),
    },
    'query-frontend': {
      needs: ['internal', ...local('querier', 'querier')],
      start: parts => startFrontend(around, parts),
    },
    'tempo-api': {
      needs: ['server', 'overrides', 'query-frontend'],
      start: parts => startTempoApi(around, parts),
    },
    'jaeger-api': { needs: ['query-frontend'], start: parts => startJaegerApi(around, parts) },
    compactor: {
      needs: ['store', 'overrides', 'members'],
      start: parts => startCompactor(around, parts),
    },
    'metrics-generator': { needs: ['server', 'members'], start: () => startGenerator(around) },
  }
}

/** The modules that each target asks for; what they need comes with them. */
export const targetModules: Record<Exclude<Target, 'all'>, readonly (keyof Parts)[]> = {
  distributor: ['distributor', 'receivers'],
  ingester: ['ingester'],
  querier: ['querier'],
  'query-frontend': ['query-frontend', 'tempo-api', 'jaeger-api'],
  compactor: ['compactor'],
  'metrics-generator': ['metrics-generator'],
}

/** `all` has no metrics-generator: it would do nothing but warn. */
export const modulesOfAll: readonly (keyof Parts)[] = [
  ...targetModules.ingester,
  ...targetModules.querier,
  ...targetModules['query-frontend'],
  ...targetModules.compactor,
  ...targetModules.distributor,
]
