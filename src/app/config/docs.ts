import { flagsOf } from '../../base/settings-flags.ts'
import { plainText } from '../../base/settings-render.ts'
import { joinPath } from '../../base/settings-tree.ts'
import type { Field, Fields, Group } from '../../base/settings-types.ts'
import { commandLineSchema, obsoleteFlags } from './command-line.ts'
import { configSchema } from './schema.ts'

/** The reference page: every key, flag, default and help sentence, from the declarations. */
export function configMarkdown(): string {
  const flags = new Map([...flagsOf(commandLineSchema).values()].map(it => [it.path, it.name]))
  const lines = [...introduction]
  const options = commandLineSchema.fields.options
  lines.push('## Command line', '', ...tableOf(options, '', flags))
  const obsolete = obsoleteFlags.map(flag => `\`-${flag.name}\``).join(', ')
  lines.push(`Accepted without effect, with a warning: ${obsolete}.`, '')
  lines.push('## Top level', '', ...tableOf(configSchema, '', flags))
  for (const setting of Object.values(configSchema.fields)) {
    if (setting.kind === 'group') lines.push(...chapterOf(setting, flags))
  }
  lines.push(...ignoredChapter())
  return `${lines.join('\n').trimEnd()}\n`
}

const introduction = [
  '# Configuration',
  '',
  'Generated from the declarations by `node scripts/generate-config-docs.ts`: do not edit.',
  '',
  'Settings come from defaults, then from the YAML file named by `-config.file`, then from flags.',
  'Keys and flags are those of Grafana Tempo, so its files and start scripts work as they are. An',
  'unknown key or flag is an error that names its place and the nearest known one. What this',
  'server has beyond Tempo is below `vivace`. Durations are written as `1h30m`, `30s`, `100ms` or',
  '`14d`, sizes as bytes or as `64MiB`. Without a file the server runs for one developer: target',
  '`all`, data in `./tempo-data`, all listeners on 127.0.0.1, no limits on rate and live traces,',
  'and the query API of Jaeger is on.',
  '',
  'All settings with their defaults are also in [config/reference.yaml](../config/reference.yaml).',
  '',
]

type FlagNames = ReadonlyMap<string, string>

function chapterOf(section: Group<Fields>, flags: FlagNames): string[] {
  const lines = [`## ${section.yaml}`, '', section.help, '']
  const visit = (group: Group<Fields>, path: string) => {
    if (path !== section.yaml) lines.push(`### ${path}`, '', headOf(group), '')
    lines.push(...tableOf(group, path, flags))
    for (const setting of Object.values(group.fields)) {
      if (setting.kind === 'group') visit(setting, joinPath(path, setting.yaml))
    }
  }
  visit(section, section.yaml)
  return lines
}

function headOf(group: Group<Fields>): string {
  return group.optional ? `${group.help} Off until the key is written.` : group.help
}

function tableOf(group: Group<Fields>, path: string, flags: FlagNames): string[] {
  const rows: string[] = []
  for (const setting of Object.values(group.fields)) {
    if (setting.kind === 'field') {
      rows.push(rowOf(setting, flags.get(joinPath(path, setting.yaml))))
    } else if (setting.kind === 'map') {
      rows.push(`| \`${setting.yaml}\` | map | {} | | ${setting.help} |`)
    }
  }
  if (rows.length === 0) return []
  return ['| key | type | default | flag | |', '|---|---|---|---|---|', ...rows, '']
}

function rowOf(field: Field<unknown>, flag: string | undefined): string {
  const type = field.type.replaceAll('|', '\\|')
  const printed = plainText(field.print(field.default))
  const fallback = printed === '""' || printed === 'null' ? '' : printed
  const flat = field.flatKey === undefined ? '' : ` Flat form: \`${field.flatKey}\`.`
  const help = `${field.help}${flat}`.replaceAll('|', '\\|')
  const cells = [
    `\`${field.yaml}\``,
    type,
    fallback,
    flag === undefined ? '' : `\`-${flag}\``,
    help,
  ]
  return `| ${cells.join(' | ')} |`
}

function ignoredChapter(): string[] {
  const rows: string[] = []
  const visit = (group: Group<Fields>, path: string) => {
    const seen = new Set<string>()
    for (const setting of Object.values(group.fields)) {
      if (setting.kind === 'group') visit(setting, joinPath(path, setting.yaml))
      if (setting.kind !== 'ignored') continue
      const keys = setting.keys.filter(key => !seen.has(key))
      for (const key of keys) seen.add(key)
      const warned = setting.warn ? ' A warning is given.' : ''
      const list = keys.map(key => `\`${key}\``).join(', ')
      rows.push(
        `| \`${path === '' ? '(top level)' : path}\` | ${list} | ${setting.help}${warned} |`,
      )
    }
  }
  visit(configSchema, '')
  return [
    '## Known keys without effect',
    '',
    'These keys of Tempo are accepted with anything below them, so that files written for it load.',
    '',
    '| section | keys | why |',
    '|---|---|---|',
    ...rows,
    '',
  ]
}
