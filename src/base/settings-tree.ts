import { assert } from './assert.ts'
import type { Field, Fields, Group, MapOf, Setting, ValueOf, ValuesOf } from './settings-types.ts'

/**
 * Values that belong to a schema: made, copied and walked. Recursion goes along the schema, whose
 * depth is ours, never along the input.
 */

/** The values of a group while they are being filled in: property name to value. */
export type Draft = { [property: string]: unknown }

export function defaultsOf<F extends Fields>(group: Group<F>): ValuesOf<F> {
  const draft: Draft = {}
  for (const [property, setting] of Object.entries(group.fields)) {
    if (setting.kind !== 'ignored') draft[property] = defaultOf(setting)
  }
  return draft as ValuesOf<F>
}

function defaultOf(setting: Exclude<Setting, { kind: 'ignored' }>): unknown {
  if (setting.kind === 'field') return setting.default
  if (setting.kind === 'map') return new Map()
  return setting.optional ? null : defaultsOf(setting)
}

/** A copy that can be changed without changing the original; leaf values are immutable. */
export function copyValues<F extends Fields>(group: Group<F>, values: ValuesOf<F>): ValuesOf<F> {
  const draft: Draft = {}
  const source = values as Draft
  for (const [property, setting] of Object.entries(group.fields)) {
    if (setting.kind === 'ignored') continue
    const value = source[property]
    if (setting.kind === 'group' && value !== null) {
      draft[property] = copyValues(setting, value as ValuesOf<Fields>)
    } else if (setting.kind === 'map') {
      const entries = [...(value as ReadonlyMap<string, unknown>)]
      draft[property] = new Map(entries.map(([key, item]) => [key, copyItem(setting.of, item)]))
    } else {
      draft[property] = value
    }
  }
  return draft as ValuesOf<F>
}

function copyItem(of: Field<unknown> | Group<Fields>, item: unknown): unknown {
  return of.kind === 'group' ? copyValues(of, item as ValuesOf<Fields>) : item
}

/** A fresh value for a new key of a map. */
export function startOf(map: MapOf<Field<unknown> | Group<Fields>>): unknown {
  if (map.start) return map.start() as ValueOf<Field<unknown>>
  return map.of.kind === 'group' ? defaultsOf(map.of) : map.of.default
}

export function joinPath(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`
}

/** A field with its place in the schema. */
export interface Placed {
  /** Dotted YAML path. */
  readonly path: string
  /** Property names from the root. */
  readonly properties: readonly string[]
  readonly field: Field<unknown>
  /** False below a section without flags or inside an optional section. */
  readonly mayHaveFlag: boolean
}

/** All fields outside maps, in the order of the schema. */
export function fieldsOf(root: Group<Fields>): Placed[] {
  const found: Placed[] = []
  const visit = (group: Group<Fields>, path: string, properties: string[], flags: boolean) => {
    const mayHaveFlag = flags && group.flags && !group.optional
    for (const [property, setting] of Object.entries(group.fields)) {
      const below = [...properties, property]
      if (setting.kind === 'group') visit(setting, joinPath(path, setting.yaml), below, mayHaveFlag)
      if (setting.kind !== 'field') continue
      found.push({
        path: joinPath(path, setting.yaml),
        properties: below,
        field: setting,
        mayHaveFlag,
      })
    }
  }
  visit(root, '', [], true)
  return found
}

/** Reads or changes one value by property names; no optional section on the way may be null. */
export function valueAt(values: object, properties: readonly string[]): unknown {
  return (parentOf(values, properties) as Draft)[properties.at(-1)!]
}

export function setValueAt(values: object, properties: readonly string[], value: unknown): void {
  parentOf(values, properties)[properties.at(-1)!] = value
}

function parentOf(values: object, properties: readonly string[]): Draft {
  let draft = values as Draft
  for (const property of properties.slice(0, -1)) {
    const next = draft[property]
    assert(typeof next === 'object' && next !== null, `no section at ${properties.join('.')}`)
    draft = next as Draft
  }
  return draft
}
