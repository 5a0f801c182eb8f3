import { readFileSync } from 'node:fs'
import { systemClock } from '../base/clock.ts'
import { systemDisk } from '../base/disk.ts'
import { asFailure } from '../base/errors.ts'
import { Metrics } from '../base/metrics.ts'
import { ConfigError, printProblem } from '../base/settings-problems.ts'
import { banner } from './banner.ts'
import { type LoadedConfig, loadConfig } from './config/load.ts'
import type { Config } from './config/schema.ts'
import { helpText } from './config/show.ts'
import { createLogger, type LogFormat } from './logger.ts'
import { memoryLimit, planMemory } from './memory.ts'
import { modulesOfAll, moduleTable, targetModules } from './modules.ts'
import type { Parts, Surroundings } from './parts.ts'
import { queryThreadCount } from './query-threads.ts'
import { Registry } from './registry.ts'
import { tenantRules } from './tenants.ts'
import { version } from './version.ts'

export interface RunOptions {
  readonly argv: readonly string[]
  /** The program's entry, from which worker threads are started. */
  readonly entry: URL
}

/** Exit codes: 0 ended in order, 1 failed while running, 2 the command line or configuration is wrong. */
export async function run(options: RunOptions): Promise<void> {
  const [command, ...rest] = options.argv
  if (command === 'block') {
    const { runBlockCommand } = await import('../cli/block-command.ts')
    process.exitCode = await runBlockCommand(rest, {
      disk: systemDisk,
      clock: systemClock,
      out: text => process.stdout.write(text),
      err: text => process.stderr.write(text),
      isInteractive: process.stderr.isTTY === true,
    })
    return
  }
  const loaded = load(options.argv)
  if (!loaded) return
  switch (loaded.action) {
    case 'help':
      process.stdout.write(helpText())
      return
    case 'version':
      process.stdout.write(`vivace, version ${version} (node ${process.version})\n`)
      return
    case 'verify':
      for (const warning of loaded.warnings) process.stderr.write(`warning: ${warning}\n`)
      process.exitCode = loaded.warnings.length > 0 ? 1 : 0
      return
    default:
      await serve(loaded, options.entry)
  }
}

function load(argv: readonly string[]): LoadedConfig | null {
  try {
    return loadConfig(argv, { env: process.env, readFile: path => readFileSync(path, 'utf8') })
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) process.stderr.write(`${printProblem(problem)}\n`)
    process.exitCode = error.exitCode
    return null
  }
}

async function serve(loaded: LoadedConfig, entry: URL): Promise<void> {
  const { config } = loaded
  const startedMs = systemClock.monotonicMs()
  const log = createLogger(config.server.logFormat as LogFormat, config.server.logLevel)
  for (const warning of loaded.warnings) log.warn({}, warning)
  const metrics = new Metrics()
  metrics.collectProcess()
  metrics
    .gauge('tempo_build_info', 'Which version this is.', [
      'version',
      'revision',
      'branch',
      'goversion',
    ])
    .set({ version, revision: '', branch: '', goversion: process.version }, 1)
  let isReady = false
  const around: Surroundings = {
    loaded,
    config,
    log,
    clock: systemClock,
    disk: systemDisk,
    metrics,
    ...sharesOf(config),
    tenants: tenantRules(
      config.multitenancyEnabled,
      config.queryFrontend.multiTenantQueriesEnabled,
    ),
    entry,
    version,
    endpoints: [],
    stop: reason => void stop(reason, 1),
    notReady: () =>
      registry.stopping ? 'Application is stopping' : isReady ? notReady() : notRunning(registry),
    states: () => [...registry.states()].map(([name, state]) => [String(name), state]),
  }
  const registry: Registry<Parts> = new Registry(moduleTable(around), log)
  const notReady = () => {
    const frontend = registry.part('query-frontend') as { hasRunners?: boolean } | undefined
    return frontend?.hasRunners === false
      ? 'Query Frontend not ready: no querier is connected'
      : null
  }
  let stopping: Promise<void> | undefined
  const stop = (reason: string, exitCode: number): Promise<void> => {
    stopping ??= stopAll(registry, around, reason, exitCode)
    return stopping
  }
  handleSignals(around, stop)
  try {
    await registry.start(wantedModules(config.targets))
  } catch (error) {
    log.error({ error: asFailure(error).message }, 'cannot start')
    await stop('start failed', 1)
    return
  }
  registry.part('members')?.setState('ACTIVE')
  isReady = true
  const data =
    config.storage.trace.backend === 'local'
      ? `data ${config.storage.trace.local.path}`
      : `data in ${config.storage.trace.backend}`
  const readyMs = systemClock.monotonicMs() - startedMs
  if (loaded.file === undefined)
    process.stdout.write(
      banner({ version, targets: config.targets, data, readyMs, endpoints: around.endpoints }),
    )
  log.info({ targets: config.targets.join(','), readyMs: Math.round(readyMs) }, 'vivace started')
}

/** Threads by memory, and memory by threads. */
function sharesOf(config: Config): Pick<Surroundings, 'memory' | 'queryThreads'> {
  const limitBytes = memoryLimit(config.vivace.memoryBudgetBytes, process.env)
  const queryThreads = queryThreadCount(config, limitBytes)
  return { memory: planMemory(limitBytes, queryThreads), queryThreads }
}

function wantedModules(targets: readonly string[]): (keyof Parts)[] {
  return targets.flatMap(target => [
    ...(target === 'all' ? modulesOfAll : targetModules[target as keyof typeof targetModules]),
  ])
}

function notRunning(registry: Registry<Parts>): string {
  const counts = new Map<string, number>()
  for (const state of registry.states().values()) {
    if (state !== 'Running') counts.set(state, (counts.get(state) ?? 0) + 1)
  }
  return [
    'Some services are not Running:',
    ...[...counts].map(([state, n]) => `${state}: ${n}`),
  ].join('\n')
}

/** A stop that does not end by itself is ended: everything acknowledged is on disk anyway. */
const stopMaxMs = 9000

async function stopAll(
  registry: Registry<Parts>,
  around: Surroundings,
  reason: string,
  exitCode: number,
): Promise<void> {
  const { log, config } = around
  log.info({ reason }, 'stopping')
  registry.beginStop()
  registry.part('members')?.setState('LEAVING')
  const timer = setTimeout(() => process.exit(exitCode || 1), stopMaxMs + config.shutdownDelayMs)
  if (config.shutdownDelayMs > 0)
    await new Promise(resolve => setTimeout(resolve, config.shutdownDelayMs))
  let code = exitCode
  try {
    await registry.stop()
  } catch (error) {
    log.error({ error: asFailure(error).message }, 'not everything stopped in order')
    code = 1
  }
  clearTimeout(timer)
  log.info({}, 'stopped')
  process.exit(code)
}

/** The same press of a key may arrive twice within this time. */
const repeatedSignalMs = 250

function handleSignals(
  around: Surroundings,
  stop: (reason: string, exitCode: number) => Promise<void>,
): void {
  let firstMs: number | undefined
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      const nowMs = around.clock.monotonicMs()
      // A second signal means: now. Both npm and the terminal pass on one press of Ctrl-C.
      if (firstMs !== undefined && nowMs - firstMs > repeatedSignalMs) process.exit(1)
      firstMs ??= nowMs
      void stop(signal, 0)
    })
  }
  process.on('SIGHUP', () => undefined)
  process.on('uncaughtException', error => {
    around.log.error({ error: error.stack ?? error.message }, 'BUG: uncaught exception')
    void stop('uncaught exception', 1)
  })
  process.on('unhandledRejection', reason => {
    around.log.error(
      { error: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason) },
      'BUG: unhandled rejection',
    )
  })
}
