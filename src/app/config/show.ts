import { flagsOf } from '../../base/settings-flags.ts'
import { plainText, renderYaml } from '../../base/settings-render.ts'
import { defaultsOf, fieldsOf } from '../../base/settings-tree.ts'
import { commandLineSchema } from './command-line.ts'
import type { LoadedConfig } from './load.ts'
import { type ConfigValues, configSchema } from './schema.ts'

/** The configuration as people read it. Secrets are `***` everywhere. */

export const showModes = ['all', 'defaults', 'diff'] as const
export type ShowMode = (typeof showModes)[number]

/**
 * The configuration in use as YAML, the defaults, or only what differs from them.
 * @param withOrigins says behind each value whether the file or a flag sets it.
 */
export function showConfig(
  loaded: Pick<LoadedConfig, 'config' | 'originOf'>,
  mode: ShowMode,
  withOrigins = false,
): string {
  const values: ConfigValues = { ...loaded.config, authEnabled: null }
  if (mode === 'defaults') {
    return renderYaml(configSchema, defaultsOf(configSchema), { keep: (_, it) => it !== null })
  }
  const defaults = defaultTexts()
  const note = (path: string) => {
    const origin = loaded.originOf(path)
    return withOrigins && origin !== 'default' ? origin : undefined
  }
  return renderYaml(configSchema, values, {
    note,
    keep: (path, printed) =>
      printed !== null && (mode === 'all' || plainText(printed) !== defaults.get(path)),
  })
}

/** Settings below an absent section have no default: all of them differ when it is there. */
function defaultTexts(): Map<string, string> {
  const texts = new Map<string, string>()
  for (const { path, field, mayHaveFlag } of fieldsOf(configSchema)) {
    const optional = !mayHaveFlag && path.startsWith('distributor.receivers.')
    if (!optional) texts.set(path, plainText(field.print(field.default)))
  }
  return texts
}

/** All settings with their defaults and help, as a file that loads. */
export function referenceYaml(): string {
  const head = [
    '# Every setting with its default. Generated from the declarations: do not edit.',
    '# Lines that begin with "# " before a key are sections that are off until they are written.',
    '',
  ]
  const yaml = renderYaml(configSchema, defaultsOf(configSchema), {
    comments: true,
    keep: (_, printed) => printed !== null,
  })
  return `${head.join('\n')}\n${yaml}`
}

/** What `-help` prints. */
export function helpText(): string {
  const sections = new Map<string, string[]>()
  for (const flag of flagsOf(commandLineSchema).values()) {
    const section = sectionOf(flag.path)
    const printed = plainText(flag.field.print(flag.field.default))
    const fallback = flag.field.default === null ? '' : ` (default ${printed})`
    const value = flag.field.bare ? '' : ` ${flag.field.type}`
    const lines = sections.get(section) ?? []
    lines.push(`  -${flag.name}${value}`, `      ${flag.field.help}${fallback}`)
    sections.set(section, lines)
  }
  const parts = [...sections].map(([section, lines]) => `${section}:\n${lines.join('\n')}\n`)
  return ['Flags take one or two dashes: -name=value or -name value.\n', ...parts].join('\n')
}

/** The first part of the path; what has only one part is general. */
function sectionOf(path: string): string {
  const [first = '', second] = path.split('.')
  return second === undefined || first === 'config' ? 'general' : first
}
