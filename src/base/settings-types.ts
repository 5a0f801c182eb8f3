/**
 * What a declared setting is. A schema is a tree of groups whose leaves are fields; the property
 * names of a group are those of the typed configuration object, `yaml` is the key in a file. The
 * type of the configuration follows from the schema by `ValuesOf`.
 */

/** What a value looks like in YAML: the only forms that settings are printed in. */
export type Plain = string | number | boolean | null | readonly Plain[]

export interface Field<T> {
  readonly kind: 'field'
  /** The key inside its section. */
  readonly yaml: string
  /** Shown in the reference: `duration`, `bytes`, `int`, … */
  readonly type: string
  readonly default: T
  /** One sentence. */
  readonly help: string
  /** Without leading dash. `undefined`: derived from the path; `false`: no flag. */
  readonly flag: string | false | undefined
  /** The key of the same setting in the flat form of a section that has one (see `Group.flat`). */
  readonly flatKey: string | undefined
  /** A `list` takes a YAML list or one comma-separated text, and its flag may be repeated. */
  readonly shape: 'scalar' | 'list'
  /** True when the flag may stand without a value. */
  readonly bare: boolean
  readonly secret: boolean
  /** Throws `SettingError` with a text that fits after the name of the setting. */
  parse(raw: string | readonly string[]): T
  print(value: T): Plain
}

/** A section. An `optional` one is `null` until its key appears, even with an empty value. */
export interface Group<F extends Fields, Optional extends boolean = boolean> {
  readonly kind: 'group'
  readonly yaml: string
  readonly help: string
  readonly optional: Optional
  readonly fields: F
  /** False: the settings below have no flags. */
  readonly flags: boolean
  /**
   * The property of this group whose settings may also be written directly here under their
   * `flatKey`; `''` = this group itself. Both forms in one section are refused.
   */
  readonly flat: string | undefined
}

/** Keys chosen by the user, each with the same kind of value. */
export interface MapOf<V extends Field<unknown> | Group<Fields>> {
  readonly kind: 'map'
  readonly yaml: string
  readonly help: string
  readonly of: V
  /** A fresh value for a new key; the schema's defaults when absent. */
  readonly start: (() => ValueOf<V>) | undefined
}

/** Keys that are known and have no effect here, whatever is below them. */
export interface Ignored {
  readonly kind: 'ignored'
  readonly keys: readonly string[]
  readonly help: string
  /** True: somebody who sets it expects something that does not happen, so say it. */
  readonly warn: boolean
}

export type Setting = Field<unknown> | Group<Fields> | MapOf<Field<unknown> | AnyGroup> | Ignored
interface AnyGroup extends Group<Fields> {}
export type Fields = { readonly [property: string]: Setting }

export type ValueOf<S> = S extends { kind: 'field'; default: infer T }
  ? T
  : S extends { kind: 'group'; optional: infer O; fields: infer F }
    ? O extends true
      ? ValuesOf<F> | null
      : ValuesOf<F>
    : S extends { kind: 'map'; of: infer V }
      ? ReadonlyMap<string, ValueOf<V>>
      : never

export type ValuesOf<F> = {
  readonly [K in keyof F as F[K] extends Ignored ? never : K]: ValueOf<F[K]>
}

/** Where a value came from. */
export type Origin = 'default' | 'file' | 'flag'

/** A value that does not fit its setting. The message reads on after the name of the setting. */
export class SettingError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'SettingError'
  }
}
