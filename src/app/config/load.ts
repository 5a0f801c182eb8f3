import { assert } from '../../base/assert.ts'
import { readFlags } from '../../base/settings-flags.ts'
import { ConfigError, type Problem } from '../../base/settings-problems.ts'
import { copyValues, defaultsOf } from '../../base/settings-tree.ts'
import type { Origin, ValuesOf } from '../../base/settings-types.ts'
import { type Position, readYaml } from '../../base/settings-yaml.ts'
import { commandLineSchema, obsoleteFlags } from './command-line.ts'
import { deriveConfig, placed } from './derive.ts'
import { type Environment, expandEnv } from './expand-env.ts'
import { type Config, type ConfigValues, configSchema } from './schema.ts'

/** What the command line asks for. */
export type Action = 'run' | 'verify' | 'version' | 'help'

export interface LoadedConfig {
  readonly action: Action
  readonly config: Config
  /** One sentence each, to be logged; `verify` fails when there is one. */
  readonly warnings: readonly string[]
  /** Path of the configuration file; undefined when there is none (the development profile). */
  readonly file: string | undefined
  /** Where the value of a setting, by its dotted YAML path, comes from. */
  originOf(path: string): Origin
}

export interface ConfigIo {
  readonly env: Environment
  /** The whole text of a file; throws when it cannot be read. */
  readFile(path: string): string
}

/**
 * Without a file the server is for one developer: everything in one process, on the disk, on
 * loopback only, and nothing refused for being too much.
 */
const developmentProfile = `
server:
  http_listen_address: 127.0.0.1
  grpc_listen_address: 127.0.0.1
  log_format: auto
distributor:
  receivers:
    otlp:
      protocols:
        grpc: {endpoint: 127.0.0.1:4317}
        http: {endpoint: 127.0.0.1:4318}
storage: {trace: {backend: local}}
overrides:
  defaults:
    ingestion: {rate_limit_bytes: 0, max_traces_per_user: 0}
vivace:
  data_dir: ./tempo-data
`

/**
 * Defaults, then the file, then the flags.
 * @param argv without the program's own name.
 * @throws ConfigError with everything that is wrong.
 */
export function loadConfig(argv: readonly string[], io: ConfigIo): LoadedConfig {
  const asked = defaultsOf(commandLineSchema)
  const flags = readFlags(commandLineSchema, argv, asked, obsoleteFlags)
  const { options } = asked
  const action = actionOf(options)
  if (action === 'help' || action === 'version') return withoutFile(action)

  const file = options.configFile === '' ? undefined : options.configFile
  const base = file === undefined ? developmentBase() : fromFile(file, options.expandEnv, io)
  const values = { options, config: copyValues(configSchema, base.values) }
  readFlags(commandLineSchema, argv, values, obsoleteFlags)
  const originOf = (path: string): Origin => {
    if (flags.given.has(path)) return 'flag'
    return base.given.has(path) ? 'file' : 'default'
  }
  const derived = deriveConfig(values.config, path => originOf(path) !== 'default')
  const problems = [...base.problems, ...flags.problems]
  // A wrong value stays at its default, so the checks of the whole would report it twice.
  if (problems.length === 0) {
    problems.push(...derived.problems.map(it => placed(it, file ?? '', base.given)))
  }
  if (problems.length > 0) throw new ConfigError(problems)
  const warnings = [...flags.warnings, ...base.warnings, ...derived.warnings]
  return { action, config: derived.config, warnings, file, originOf }
}

function actionOf(options: ValuesOf<typeof commandLineSchema.fields>['options']): Action {
  if (options.help || options.shortHelp) return 'help'
  if (options.version) return 'version'
  return options.verify ? 'verify' : 'run'
}

/** The help and the version are shown whatever else is said. */
function withoutFile(action: Action): LoadedConfig {
  const { config } = deriveConfig(developmentBase().values, () => false)
  return { action, config, warnings: [], file: undefined, originOf: () => 'default' }
}

interface Base {
  readonly values: ConfigValues
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
  readonly given: ReadonlyMap<string, Position>
}

function developmentBase(): Base {
  const { values, problems } = readYaml(configSchema, developmentProfile, '')
  assert(problems.length === 0, 'the development profile does not load')
  return { values, problems, warnings: [], given: new Map() }
}

function fromFile(file: string, expands: boolean, io: ConfigIo): Base {
  const failed = (problems: readonly Problem[]): Base => ({
    values: defaultsOf(configSchema),
    problems,
    warnings: [],
    given: new Map(),
  })
  let text: string
  try {
    text = io.readFile(file)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return failed([{ file, line: 0, column: 0, text: `cannot be read: ${reason}` }])
  }
  try {
    if (expands) text = expandEnv(text, io.env, file)
  } catch (error) {
    if (error instanceof ConfigError) return failed(error.problems)
    throw error
  }
  return readYaml(configSchema, text, file)
}
