import { posix } from 'node:path'
import type { Problem } from '../../base/settings-problems.ts'
import { copyValues } from '../../base/settings-tree.ts'
import type { LimitFallbacks } from '../../overrides/limits.ts'
import {
  type Config,
  type ConfigValues,
  configSchema,
  scalableTarget,
  type Target,
} from './schema.ts'

/** From the values that were given to the configuration that the modules are built with. */

export interface Derived {
  readonly config: Config
  readonly warnings: readonly string[]
  /** What fits its setting but not the other settings; `path` names the setting to look at. */
  readonly problems: readonly { readonly path: string; readonly text: string }[]
}

type Complain = (path: string, text: string) => void

/** @param isGiven whether a setting, by its dotted path, comes from the file or a flag. */
export function deriveConfig(given: ConfigValues, isGiven: (path: string) => boolean): Derived {
  const values = copyValues(configSchema, given)
  const warnings: string[] = []
  const problems: { path: string; text: string }[] = []
  const complain: Complain = (path, text) => problems.push({ path, text: `${path}: ${text}` })

  const targets = targetsOf(values, warnings)
  if (targets.length === 0) complain('target', 'names nothing to run')
  const multitenancyEnabled = values.authEnabled ?? values.multitenancyEnabled
  if (values.authEnabled !== null) {
    warnings.push('auth_enabled is the old name of multitenancy_enabled')
  }
  checkStorage(values, targets, complain, warnings)
  checkReceivers(values, targets, complain, warnings)
  checkTls(values, complain)

  const { authEnabled: _, ...rest } = values
  const config = { ...rest, targets, multitenancyEnabled, storage: storageOf(values, isGiven) }
  return { config, warnings, problems }
}

function targetsOf(values: ConfigValues, warnings: string[]): Target[] {
  const targets = new Set<Target>()
  for (const target of values.targets) {
    if (target === scalableTarget) warnings.push(`target ${scalableTarget} is run as all`)
    targets.add(target === scalableTarget ? 'all' : target)
  }
  return [...targets]
}

const storelessTargets: readonly Target[] = ['distributor', 'metrics-generator']

function checkStorage(
  values: ConfigValues,
  targets: readonly Target[],
  complain: Complain,
  warnings: string[],
): void {
  if (targets.every(target => storelessTargets.includes(target))) return
  const { backend, s3 } = values.storage.trace
  if (backend === '') complain('storage.trace.backend', 'is not set; choose local, s3 or memory')
  if (backend === 'gcs' || backend === 'azure') {
    warnings.push(`storage.trace.backend ${backend} cannot be opened by this version`)
  }
  if (backend !== 's3') return
  if (s3.bucket === '') complain('storage.trace.s3.bucket', 'is needed by the backend s3')
  if (s3.endpoint === '') complain('storage.trace.s3.endpoint', 'is needed by the backend s3')
}

function checkReceivers(
  values: ConfigValues,
  targets: readonly Target[],
  complain: Complain,
  warnings: string[],
): void {
  const { otlp, jaeger, zipkin } = values.distributor.receivers
  for (const [name, receiver] of [['otlp', otlp] as const, ['jaeger', jaeger] as const]) {
    if (!receiver) continue
    const served = Object.entries(receiver.protocols).filter(([, protocol]) => protocol !== null)
    const path = `distributor.receivers.${name}.protocols`
    if (served.length === 0) complain(path, 'names no protocol to serve')
  }
  const receives = targets.includes('all') || targets.includes('distributor')
  if (receives && !otlp && !jaeger && !zipkin) {
    warnings.push('distributor.receivers names no receiver: no spans can be sent to this process')
  }
}

function checkTls(values: ConfigValues, complain: Complain): void {
  const { server, internalServer } = values
  const servers = [
    ['server.http_tls_config', server.httpTls] as const,
    ['server.grpc_tls_config', server.grpcTls] as const,
    ['internal_server.http_tls_config', internalServer.httpTls] as const,
  ]
  for (const [path, tls] of servers) {
    if (tls.certFile !== '' && tls.keyFile === '') complain(path, 'has a certificate without a key')
    if (tls.certFile === '' && tls.keyFile !== '') complain(path, 'has a key without a certificate')
    const verifies = ['VerifyClientCertIfGiven', 'RequireAndVerifyClientCert']
    if (verifies.includes(tls.clientAuth) && tls.clientCaFile === '') {
      complain(path, `${tls.clientAuth} needs client_ca_file`)
    }
  }
}

const defaultWalPath = '/var/tempo/wal'
const defaultBlocksPath = '/var/tempo/blocks'

/** Fills in the two directories; what is given always counts. */
function storageOf(
  values: ConfigValues,
  isGiven: (path: string) => boolean,
): ConfigValues['storage'] {
  const { trace } = values.storage
  const { dataDirectory } = values.vivace
  const local = isGiven('storage.trace.local.path') ? trace.local.path : ''
  const wal = isGiven('storage.trace.wal.path') ? trace.wal.path : ''
  const beside = (path: string, name: string, otherwise: string) => {
    const parent = posix.dirname(path)
    return path === '' || parent === '/' ? otherwise : posix.join(parent, name)
  }
  const within = (name: string, otherwise: string) =>
    dataDirectory === '' ? otherwise : posix.join(dataDirectory, name)
  // With an object store local.path means nothing, so it does not move the log.
  const blocks = trace.backend === 'local' ? local : ''
  const localPath = local || within('blocks', beside(wal, 'blocks', defaultBlocksPath))
  const walPath = wal || within('wal', beside(blocks, 'wal', defaultWalPath))
  return { trace: { ...trace, local: { path: localPath }, wal: { path: walPath } } }
}

/** What counts for a tenant whose own limit is 0. */
export function limitFallbacksOf(config: Config): LimitFallbacks {
  return {
    maxAttributeBytes: config.distributor.maxAttributeBytes,
    maxSearchDurationMs: config.queryFrontend.search.maxDurationMs,
    maxMetricsDurationMs: config.queryFrontend.metrics.maxDurationMs,
    blockRetentionMs: config.compactor.compaction.blockRetentionMs,
    compactionWindowMs: config.compactor.compaction.compactionWindowMs,
  }
}

/** A problem of the whole with the place of its setting, where the file has it. */
export function placed(
  problem: { readonly path: string; readonly text: string },
  file: string,
  positions: ReadonlyMap<string, { readonly line: number; readonly column: number }>,
): Problem {
  const position = positions.get(problem.path) ?? { line: 0, column: 0 }
  return { file, ...position, text: problem.text }
}
