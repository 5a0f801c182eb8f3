import { defaultsOf, joinPath } from './settings-tree.ts'
import type { Field, Fields, Group, MapOf, Plain, ValuesOf } from './settings-types.ts'

/** Values as YAML text. Secrets come out as `***`, ignored keys not at all. */

export interface RenderOptions {
  /** Writes each help sentence above its key, and absent optional sections as comments. */
  readonly comments?: boolean
  /** Which settings are written; a section without any is left out. All when absent. */
  readonly keep?: (path: string, printed: Plain) => boolean
  /** A remark behind a value. */
  readonly note?: (path: string) => string | undefined
}

export function renderYaml<F extends Fields>(
  root: Group<F>,
  values: ValuesOf<F>,
  options: RenderOptions = {},
): string {
  const lines = groupLines(root, values as Record<string, unknown>, '', options)
  return lines.length === 0 ? '{}\n' : `${lines.join('\n')}\n`
}

function groupLines(
  group: Group<Fields>,
  values: Readonly<Record<string, unknown>>,
  path: string,
  options: RenderOptions,
): string[] {
  const lines: string[] = []
  for (const [property, setting] of Object.entries(group.fields)) {
    if (setting.kind === 'ignored') continue
    const below = joinPath(path, setting.yaml)
    const value = values[property]
    const written = lines.length
    if (setting.kind === 'field') lines.push(...fieldLines(setting, value, below, options))
    else if (setting.kind === 'map') {
      lines.push(...mapLines(setting, value as ReadonlyMap<string, unknown>, below, options))
    } else {
      lines.push(
        ...sectionLines(setting, value as Readonly<Record<string, unknown>> | null, below, options),
      )
    }
    if (options.comments && lines.length > written) lines.splice(written, 0, `# ${setting.help}`)
  }
  return lines
}

function fieldLines(
  field: Field<unknown>,
  value: unknown,
  path: string,
  options: RenderOptions,
): string[] {
  const printed = field.print(value)
  if (options.keep && !options.keep(path, printed)) return []
  const note = options.note?.(path)
  const remark = note === undefined ? '' : ` # ${note}`
  return [`${scalarText(field.yaml)}: ${plainText(printed)}${remark}`]
}

function sectionLines(
  group: Group<Fields>,
  values: Readonly<Record<string, unknown>> | null,
  path: string,
  options: RenderOptions,
): string[] {
  if (values === null) {
    if (!options.comments) return []
    const shown = defaultsOf(group) as Record<string, unknown>
    const commented = [`${group.yaml}:`, ...indent(groupLines(group, shown, path, options))]
    return commented.map(line => `# ${line}`)
  }
  const inner = groupLines(group, values, path, options)
  if (inner.length === 0) return []
  return [`${scalarText(group.yaml)}:`, ...indent(inner)]
}

function mapLines(
  map: MapOf<Field<unknown> | Group<Fields>>,
  values: ReadonlyMap<string, unknown>,
  path: string,
  options: RenderOptions,
): string[] {
  const inner: string[] = []
  const { of } = map
  for (const [key, value] of values) {
    const below = joinPath(path, key)
    if (of.kind === 'field') inner.push(...fieldLines({ ...of, yaml: key }, value, below, options))
    else {
      const item = { ...of, yaml: key }
      inner.push(...sectionLines(item, value as Record<string, unknown>, below, options))
    }
  }
  if (inner.length > 0) return [`${map.yaml}:`, ...indent(inner)]
  return options.keep && !options.keep(path, null) ? [] : [`${map.yaml}: {}`]
}

function indent(lines: readonly string[]): string[] {
  return lines.map(line => `  ${line}`)
}

/** A value in one line of YAML. */
export function plainText(value: Plain): string {
  if (typeof value === 'string') return scalarText(value)
  if (value === null || typeof value !== 'object') return String(value)
  return `[${value.map(plainText).join(', ')}]`
}

/** Words that some YAML version reads as something else than text. */
const specialWords = /^(true|false|yes|no|on|off|y|n|null|~|nan|inf)$/i

function scalarText(text: string): string {
  const plain = /^[A-Za-z0-9_./][A-Za-z0-9_./:+-]*$/.test(text) && !text.endsWith(':')
  const numeric = /^[\d.][\d.:_eExXa-fA-F+-]*$/.test(text)
  return plain && !numeric && !specialWords.test(text) ? text : JSON.stringify(text)
}
