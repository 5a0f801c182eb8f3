import { bool, group, text } from '../../base/settings.ts'
import type { ObsoleteFlag } from '../../base/settings-flags.ts'
import { configSchema } from './schema.ts'

/** What is said on the command line only, beside the flags of all settings. */
const commandLineOnly = group({
  yaml: '',
  help: 'What to do, and with which file.',
  fields: {
    configFile: text({
      yaml: 'config.file',
      default: '',
      help: 'YAML file with settings; flags win over it.',
    }),
    expandEnv: bool({
      yaml: 'config.expand-env',
      default: false,
      help: 'Put the values of environment variables into the file before it is read.',
    }),
    verify: bool({
      yaml: 'config.verify',
      default: false,
      help: 'Check the configuration and end: 0 if clean, 1 with warnings, 2 if wrong.',
    }),
    version: bool({ yaml: 'version', default: false, help: 'Print the version and end.' }),
    help: bool({ yaml: 'help', default: false, help: 'Print this text and end.' }),
    shortHelp: bool({ yaml: 'h', default: false, help: 'The same as -help.' }),
  },
})

/** All flags: those above and those of the settings, whose paths stay as they are. */
export const commandLineSchema = group({
  yaml: '',
  help: 'The command line.',
  fields: { options: commandLineOnly, config: configSchema },
})

/** Flags of older and of Go programs that start scripts still pass. */
export const obsoleteFlags: readonly ObsoleteFlag[] = [
  { name: 'mem-ballast-size-mbs', bare: false },
  { name: 'mutex-profile-fraction', bare: false },
  { name: 'block-profile-threshold', bare: false },
  { name: 'runtime.mutex-profile-fraction', bare: false },
  { name: 'runtime.block-profile-rate', bare: false },
  { name: 'search.enabled', bare: true },
  { name: 'reporting.enabled', bare: true },
  { name: 'config.enable-legacy-overrides', bare: true },
]
