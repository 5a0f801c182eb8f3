import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type YAMLMap,
} from 'yaml'
import { nearest, type Problem } from './settings-problems.ts'
import { copyValues, type Draft, defaultsOf, joinPath, startOf } from './settings-tree.ts'
import {
  type Field,
  type Fields,
  type Group,
  type Ignored,
  type MapOf,
  type Setting,
  SettingError,
  type ValuesOf,
} from './settings-types.ts'

/**
 * Reads a YAML text by a schema. Strict: a key that the schema does not have is a problem with its
 * place and, where one is near, the key that was probably meant. All problems are collected.
 *
 * Scalars are taken as they are written and read by their setting, not by YAML's own types: so
 * `on` is a boolean where one is wanted, `min_version: 1.3` stays text, and 1.1 and 1.2 agree.
 * A key without a value leaves a scalar as it was and gives a section its defaults.
 */

export interface Position {
  readonly line: number
  readonly column: number
}

export interface Read<F extends Fields> {
  readonly values: ValuesOf<F>
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
  /** Dotted YAML paths of the fields that the text sets, and where. */
  readonly given: ReadonlyMap<string, Position>
}

/** A configuration is small; more is a mistake, and reading it would hold up the process. */
const textCharsMax = 16 * 2 ** 20
/** Aliases and merge keys may refer to each other; more steps than this is a circle. */
const resolveStepsMax = 100

interface Reading {
  readonly file: string
  readonly document: Document
  readonly lines: LineCounter
  readonly root: Group<Fields>
  readonly problems: Problem[]
  readonly warnings: string[]
  readonly given: Map<string, Position>
}

interface Entry {
  readonly key: string
  readonly keyNode: Node
  readonly value: Node | null
}

/** @param start values to begin from instead of the schema's defaults; not changed. */
export function readYaml<F extends Fields>(
  root: Group<F>,
  text: string,
  file: string,
  start?: ValuesOf<F>,
): Read<F> {
  const values = start ? copyValues(root, start) : defaultsOf(root)
  const lines = new LineCounter()
  const document = parse(text, lines)
  const reading: Reading = {
    file,
    document: document ?? parseDocument(''),
    lines,
    root,
    problems: [],
    warnings: [],
    given: new Map(),
  }
  if (!document) {
    const tooMuch = text.length > textCharsMax ? 'is too large' : 'is nested too deeply'
    reading.problems.push({ file, line: 0, column: 0, text: `the file ${tooMuch}` })
  } else if (document.errors.length > 0) {
    for (const error of document.errors) report(reading, error.pos[0], syntaxText(error))
  } else {
    readGroup(reading, root, document.contents, values as Draft, '')
  }
  return { values, problems: reading.problems, warnings: reading.warnings, given: reading.given }
}

function parse(text: string, lineCounter: LineCounter): Document | null {
  if (text.length > textCharsMax || isDeep(text)) return null
  try {
    return parseDocument(text, {
      version: '1.1',
      schema: 'failsafe',
      uniqueKeys: true,
      prettyErrors: false,
      logLevel: 'silent',
      lineCounter,
    })
  } catch (error) {
    // The parser recurses, and may overflow the stack.
    if (error instanceof RangeError) return null
    throw error
  }
}

/** Nothing that is configured has this many levels. */
const levelsMax = 500

/** Brackets within each other, or marks of lists or keys one behind the other. */
function isDeep(text: string): boolean {
  let open = 0
  let marks = 0
  for (let i = 0; i < text.length && open <= levelsMax && marks <= levelsMax; i++) {
    const char = text[i]!
    if (char === '[' || char === '{') open++
    else if (char === ']' || char === '}') open--
    if ('-?:'.includes(char) && text[i + 1] === ' ') marks++
    else if (char !== ' ') marks = 0
  }
  return open > levelsMax || marks > levelsMax
}

function syntaxText(error: { code: string; message: string }): string {
  if (error.code === 'DUPLICATE_KEY') return 'the same key is given twice in one section'
  if (error.code === 'MULTIPLE_DOCS') return 'the file holds more than one YAML document'
  const [line = ''] = error.message.split('\n')
  return `not YAML: ${line}`
}

function readGroup(
  reading: Reading,
  group: Group<Fields>,
  node: unknown,
  draft: Draft,
  path: string,
): void {
  const map = sectionAt(reading, node, path)
  if (!map) return
  const members = membersOf(group)
  let flatEntry: Entry | undefined
  let scopedKey: string | undefined
  for (const entry of entriesOf(reading, map)) {
    const member = members.get(entry.key)
    if (!member) {
      reportUnknown(reading, entry, [...members.keys()], path)
      continue
    }
    if (member.form === 'flat') flatEntry ??= entry
    if (member.form === 'scoped' && !isNull(resolve(reading, entry.value))) scopedKey ??= entry.key
    const target = member.below.reduce((it, property) => it[property] as Draft, draft)
    readMember(reading, member, entry, target, path)
  }
  if (flatEntry && scopedKey) {
    const both = `${flatEntry.key} is the flat form and ${scopedKey} the scoped form`
    const where = path === '' ? '' : ` in "${path}"`
    report(reading, offsetOf(flatEntry.keyNode), `${both}: use one of them${where}`)
  }
}

interface Member {
  readonly property: string
  readonly setting: Setting
  /** The properties that lead from the group's values to those it belongs to. */
  readonly below: readonly string[]
  /** The path that it counts as, relative to the group. */
  readonly path: string
  readonly form: 'plain' | 'flat' | 'scoped'
}

function membersOf(group: Group<Fields>): Map<string, Member> {
  const members = new Map<string, Member>()
  const scopes = group.flat === '' ? Object.keys(group.fields) : [group.flat]
  for (const [property, setting] of Object.entries(group.fields)) {
    const scoped = setting.kind === 'group' && scopes.includes(property)
    const form = scoped ? 'scoped' : 'plain'
    const keys = setting.kind === 'ignored' ? setting.keys : [setting.yaml]
    for (const key of keys) members.set(key, { property, setting, below: [], path: key, form })
  }
  if (group.flat !== undefined) addFlatMembers(group, group.flat, members)
  return members
}

/** The settings two levels down, by their flat keys. */
function addFlatMembers(group: Group<Fields>, flat: string, members: Map<string, Member>): void {
  const scoped = flat === '' ? group : group.fields[flat]
  if (scoped?.kind !== 'group') return
  for (const [scope, section] of Object.entries(scoped.fields)) {
    if (section.kind !== 'group') continue
    for (const [property, setting] of Object.entries(section.fields)) {
      if (setting.kind !== 'field' || setting.flatKey === undefined) continue
      const path = [flat === '' ? '' : scoped.yaml, section.yaml, setting.yaml]
        .filter(key => key !== '')
        .join('.')
      const below = flat === '' ? [scope] : [flat, scope]
      members.set(setting.flatKey, { property, setting, below, path, form: 'flat' })
    }
  }
}

function readMember(
  reading: Reading,
  member: Member,
  entry: Entry,
  target: Draft,
  path: string,
): void {
  const { setting, property } = member
  const memberPath = joinPath(path, member.path)
  if (setting.kind === 'ignored') readIgnored(reading, setting, entry, memberPath)
  else if (setting.kind === 'field')
    readField(reading, setting, entry, target, property, memberPath)
  else if (setting.kind === 'map') {
    readMap(reading, setting, entry.value, target[property] as Map<string, unknown>, memberPath)
  } else {
    if (target[property] === null) target[property] = defaultsOf(setting)
    readGroup(reading, setting, entry.value, target[property] as Draft, memberPath)
  }
}

function readIgnored(reading: Reading, setting: Ignored, entry: Entry, path: string): void {
  if (setting.warn && !isNull(resolve(reading, entry.value))) {
    const { line } = reading.lines.linePos(offsetOf(entry.keyNode))
    reading.warnings.push(`${reading.file}:${line}: ${path} has no effect: ${setting.help}`)
  }
}

function readField(
  reading: Reading,
  field: Field<unknown>,
  entry: Entry,
  target: Draft,
  property: string,
  path: string,
): void {
  const raw = rawOf(reading, field, entry, path)
  if (raw === undefined) return
  reading.given.set(path, positionOf(reading, offsetOf(entry.keyNode)))
  try {
    target[property] = field.parse(raw)
  } catch (error) {
    if (!(error instanceof SettingError)) throw error
    const node = resolve(reading, entry.value) ?? entry.keyNode
    report(reading, offsetOf(node), `${path}: ${error.message}`)
  }
}

/** The text or texts of a value; undefined when there is none or it has been reported. */
function rawOf(
  reading: Reading,
  field: Field<unknown>,
  entry: Entry,
  path: string,
): string | string[] | undefined {
  const node = resolve(reading, entry.value)
  if (isNull(node)) return undefined
  if (isScalar(node)) return scalarText(node)
  if (isSeq(node) && field.shape === 'list') {
    const items = node.items.map(item => resolve(reading, item as Node | null))
    if (items.every(item => isScalar(item))) return items.map(scalarText)
  }
  const found = isSeq(node) ? 'a list' : 'a section'
  report(reading, offsetOf(node as Node), `${path}: expected ${field.type}, found ${found}`)
  return undefined
}

function readMap(
  reading: Reading,
  setting: MapOf<Field<unknown> | Group<Fields>>,
  node: unknown,
  target: Map<string, unknown>,
  path: string,
): void {
  const map = sectionAt(reading, node, path)
  if (!map) return
  for (const entry of entriesOf(reading, map)) {
    const itemPath = joinPath(path, entry.key)
    const item: Draft = { value: target.get(entry.key) ?? startOf(setting) }
    if (setting.of.kind === 'field') {
      readField(reading, setting.of, entry, item, 'value', itemPath)
    } else {
      readGroup(reading, setting.of, entry.value, item['value'] as Draft, itemPath)
    }
    target.set(entry.key, item['value'])
  }
}

/** The mapping at a node; null when there is nothing to read, after reporting what is wrong. */
function sectionAt(reading: Reading, node: unknown, path: string): YAMLMap | null {
  const resolved = resolve(reading, node as Node | null)
  if (isMap(resolved)) return resolved
  if (!isNull(resolved)) {
    const found = isSeq(resolved) ? 'a list' : 'a single value'
    const where = path === '' ? 'the file' : `"${path}"`
    report(reading, offsetOf(resolved as Node), `${where} must be a section, found ${found}`)
  }
  return null
}

/** Keys and values of a mapping; `<<` brings in those of other mappings, own keys win. */
function entriesOf(reading: Reading, map: YAMLMap): Entry[] {
  const entries = new Map<string, Entry>()
  const pending: YAMLMap[] = [map]
  for (let steps = 0; pending.length > 0 && steps < resolveStepsMax; steps++) {
    const merged: Node[] = []
    for (const pair of pending.shift()!.items) {
      const keyNode = pair.key as Node
      const key = isScalar(keyNode) ? scalarText(keyNode) : ''
      const value = pair.value as Node | null
      if (key === '<<') merged.push(...mergeSources(reading, value))
      else if (!entries.has(key)) entries.set(key, { key, keyNode, value })
    }
    pending.unshift(...merged.filter(node => isMap(node)))
  }
  return [...entries.values()]
}

function mergeSources(reading: Reading, value: Node | null): Node[] {
  const node = resolve(reading, value)
  const nodes = isSeq(node) ? node.items.map(item => resolve(reading, item as Node)) : [node]
  return nodes.filter(item => item !== null)
}

function resolve(reading: Reading, node: Node | null): Node | null {
  let current = node
  for (let steps = 0; isAlias(current); steps++) {
    if (steps === resolveStepsMax) return null
    current = (current.resolve(reading.document) as Node | undefined) ?? null
  }
  return current
}

/** Nothing after the key, or one of YAML's words for it, unquoted. */
function isNull(node: unknown): boolean {
  if (node === null || node === undefined) return true
  if (!isScalar(node) || node.type !== 'PLAIN') return false
  return ['', '~', 'null', 'Null', 'NULL'].includes(scalarText(node))
}

function scalarText(node: { value: unknown }): string {
  return node.value === null || node.value === undefined ? '' : String(node.value)
}

function offsetOf(node: Node): number {
  return node.range?.[0] ?? 0
}

function positionOf(reading: Reading, offset: number): Position {
  const { line, col } = reading.lines.linePos(offset)
  return { line, column: col }
}

function report(reading: Reading, offset: number, text: string): void {
  reading.problems.push({ file: reading.file, ...positionOf(reading, offset), text })
}

function reportUnknown(reading: Reading, entry: Entry, keys: string[], path: string): void {
  const place = path === '' ? 'at the top level' : `in section "${path}"`
  const meant = nearest(entry.key, keys) ?? elsewhere(reading.root, entry.key)
  const hint = meant === undefined ? '' : ` (did you mean "${meant}"?)`
  const text = `field ${entry.key} not found ${place}${hint}`
  report(reading, offsetOf(entry.keyNode), text)
}

/** The whole path of a key that exists in exactly one other place. */
function elsewhere(root: Group<Fields>, key: string): string | undefined {
  const found: string[] = []
  const visit = (group: Group<Fields>, path: string) => {
    for (const setting of Object.values(group.fields)) {
      if (setting.kind === 'ignored') continue
      const below = joinPath(path, setting.yaml)
      if (setting.yaml === key && path !== '') found.push(below)
      if (setting.kind === 'group') visit(setting, below)
    }
  }
  visit(root, '')
  return found.length === 1 ? found[0] : undefined
}
