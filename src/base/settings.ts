import { assert } from './assert.ts'
import { Secret } from './secret.ts'
import {
  type Field,
  type Fields,
  type Group,
  type Ignored,
  type MapOf,
  type Plain,
  SettingError,
  type ValueOf,
} from './settings-types.ts'
import {
  parseBoolean,
  parseBytes,
  parseDecimal,
  parseDuration,
  parseInteger,
  printDuration,
  quote,
} from './settings-values.ts'

/**
 * How settings are declared, once each: YAML key, flag, default, help and validation.
 *
 *   traceIdleMs: duration({ yaml: 'trace_idle_period', default: '5s', help: 'Cut a trace …' }),
 *
 * A flag that is not given is the dotted path with dashes, as in `-server.http-listen-port`. A
 * `default` of null makes a setting that may be absent. Reading is done by settings-yaml.ts and
 * settings-flags.ts, printing by settings-render.ts.
 */

interface Common {
  readonly yaml: string
  readonly help: string
  readonly flag?: string | false
  readonly flatKey?: string
}

interface Numeric<D> extends Common {
  readonly default: D
  /** Inclusive bounds; the lower one is 0 unless given. */
  readonly min?: number
  readonly max?: number
}

type OrNull<D, T> = null extends D ? T | null : T

/** The value is in milliseconds. */
export function duration<const D extends string | null>(
  options: Numeric<D>,
): Field<OrNull<D, number>> {
  const fallback = options.default === null ? null : parseDuration(options.default)
  return scalar<OrNull<D, number>>('duration', options, fallback as OrNull<D, number>, {
    parse: text => inRange(parseDuration(text), options, printDuration) as OrNull<D, number>,
    print: value => (value === null ? null : printDuration(value as number)),
  })
}

/** The value is in bytes. */
export function bytes<D extends number | null>(options: Numeric<D>): Field<OrNull<D, number>> {
  return scalar<OrNull<D, number>>('bytes', options, options.default as OrNull<D, number>, {
    parse: text => inRange(parseBytes(text), options, String) as OrNull<D, number>,
    print: value => value as Plain,
  })
}

export function int<D extends number | null>(options: Numeric<D>): Field<OrNull<D, number>> {
  return scalar<OrNull<D, number>>('int', options, options.default as OrNull<D, number>, {
    parse: text => inRange(parseInteger(text), options, String) as OrNull<D, number>,
    print: value => value as Plain,
  })
}

/** A TCP or UDP port; 0 lets the system choose. */
export function port(options: Common & { readonly default: number }): Field<number> {
  return { ...int({ ...options, max: 65_535 }), type: 'port' }
}

export function float(options: Numeric<number>): Field<number> {
  return scalar<number>('float', options, options.default, {
    parse: text => inRange(parseDecimal(text), options, String),
    print: value => value,
  })
}

export function bool<D extends boolean | null>(
  options: Common & { readonly default: D },
): Field<OrNull<D, boolean>> {
  const field = scalar<OrNull<D, boolean>>('bool', options, options.default as OrNull<D, boolean>, {
    parse: text => parseBoolean(text) as OrNull<D, boolean>,
    print: value => value as Plain,
  })
  return { ...field, bare: true }
}

interface Text extends Common {
  readonly default: string
  /** Says what is wrong with a value, so that it reads on after the value; undefined = nothing. */
  readonly check?: (value: string) => string | undefined
}

export function text(options: Text): Field<string> {
  return scalar<string>('text', options, options.default, {
    parse(value) {
      const wrong = options.check?.(value)
      if (wrong !== undefined) throw new SettingError(`${quote(value)} ${wrong}`)
      return value
    },
    print: it => it,
  })
}

/** Never printed, logged or put into JSON: the value is a `Secret`. */
export function secret(options: Common): Field<Secret> {
  const field = scalar<Secret>('secret', options, new Secret(''), {
    parse: it => new Secret(it),
    print: value => (value.isEmpty ? '' : '***'),
  })
  return { ...field, secret: true }
}

export function oneOf<const V extends string>(
  options: Common & { readonly values: readonly V[]; readonly default: NoInfer<V> },
): Field<V> {
  return scalar<V>(options.values.filter(it => it !== '').join(' | '), options, options.default, {
    parse: it => known(it, options.values),
    print: it => it,
  })
}

/** A YAML list or one comma-separated text. With `values`, each item must be one of them. */
export function list<const V extends string = string>(
  options: Common & { readonly default: readonly NoInfer<V>[]; readonly values?: readonly V[] },
): Field<readonly V[]> {
  const { values } = options
  return {
    ...common(options),
    type: values ? `list of ${values.join(' | ')}` : 'list',
    default: options.default,
    shape: 'list',
    parse(raw) {
      const items = typeof raw === 'string' ? raw.split(',') : raw
      const trimmed = items.map(item => item.trim()).filter(item => item !== '')
      return values ? trimmed.map(item => known(item, values)) : (trimmed as V[])
    },
    print: value => value,
  }
}

interface Section<F extends Fields> {
  readonly yaml: string
  readonly help: string
  readonly fields: F
  readonly flags?: boolean
  readonly flat?: string
}

export function group<F extends Fields>(options: Section<F>): Group<F, false> {
  return section(options, false)
}

/** A section that is `null` until its key appears; `key:` without a value means its defaults. */
export function optionalGroup<F extends Fields>(options: Section<F>): Group<F, true> {
  return section(options, true)
}

export function mapOf<V extends Field<unknown> | Group<Fields>>(options: {
  readonly yaml: string
  readonly help: string
  readonly of: V
  readonly start?: () => ValueOf<V>
}): MapOf<V> {
  return { kind: 'map', start: undefined, ...options }
}

export function ignored(options: {
  readonly keys: readonly string[]
  readonly help: string
  readonly warn?: boolean
}): Ignored {
  return { kind: 'ignored', warn: false, ...options }
}

function section<F extends Fields, O extends boolean>(
  options: Section<F>,
  optional: O,
): Group<F, O> {
  const { yaml, help, fields, flags = true, flat } = options
  return { kind: 'group', yaml, help, optional, fields, flags, flat }
}

function common(options: Common) {
  assert(options.help.endsWith('.'), `help of ${options.yaml} is not a sentence`)
  const { yaml, help, flag, flatKey } = options
  return { kind: 'field', yaml, help, flag, flatKey, bare: false, secret: false } as const
}

function scalar<T>(
  type: string,
  options: Common,
  fallback: T,
  text: { parse(text: string): T; print(value: T): Plain },
): Field<T> {
  return {
    ...common(options),
    type,
    default: fallback,
    shape: 'scalar',
    parse(raw) {
      assert(typeof raw === 'string', `${options.yaml} is read from one text`)
      return text.parse(raw)
    },
    print: value => text.print(value),
  }
}

function inRange(
  value: number,
  bounds: { readonly min?: number; readonly max?: number },
  print: (value: number) => string,
): number {
  const { min = 0, max = Number.POSITIVE_INFINITY } = bounds
  if (value < min) throw new SettingError(`${print(value)} is less than ${print(min)}`)
  if (value > max) throw new SettingError(`${print(value)} is more than ${print(max)}`)
  return value
}

function known<V extends string>(value: string, values: readonly V[]): V {
  const found = values.find(it => it === value)
  if (found !== undefined) return found
  const choices = values.filter(it => it !== '').join(', ')
  throw new SettingError(`${quote(value)} is not one of ${choices}`)
}
