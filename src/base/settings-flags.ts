import { assert } from './assert.ts'
import { nearest, type Problem } from './settings-problems.ts'
import { fieldsOf, joinPath, type Placed, setValueAt } from './settings-tree.ts'
import { type Fields, type Group, SettingError, type ValuesOf } from './settings-types.ts'

/**
 * Command lines as Go's flag package reads them: one or two dashes, `-x=value` or `-x value`, a
 * boolean may stand alone. In addition `-x false` is understood for booleans, where Go would stop
 * reading.
 */

export interface Flag extends Placed {
  /** Without dash. */
  readonly name: string
}

/** The flags of a schema by name. */
export function flagsOf(root: Group<Fields>): Map<string, Flag> {
  const flags = new Map<string, Flag>()
  for (const placed of fieldsOf(root)) {
    const { flag } = placed.field
    if (flag === false || !placed.mayHaveFlag) continue
    const name = flag ?? placed.path.replaceAll('_', '-')
    assert(!flags.has(name), `two settings have the flag -${name}`)
    flags.set(name, { ...placed, name })
  }
  return flags
}

/** A flag that is accepted and does nothing but give one warning. */
export interface ObsoleteFlag {
  readonly name: string
  readonly bare: boolean
}

export interface ReadFlags {
  readonly problems: readonly Problem[]
  readonly warnings: readonly string[]
  /** Dotted YAML paths of the fields that were set. */
  readonly given: ReadonlySet<string>
}

/** One `-name[=value]` of a command line; `value` is undefined when none was found. */
interface Argument {
  readonly name: string
  readonly value: string | undefined
}

/** Sets the values that the command line names. All problems are collected. */
export function readFlags<F extends Fields>(
  root: Group<F>,
  argv: readonly string[],
  values: ValuesOf<F>,
  obsolete: readonly ObsoleteFlag[] = [],
): ReadFlags {
  const flags = flagsOf(root)
  const obsoleteFlags = new Map(obsolete.map(flag => [flag.name, flag]))
  const ignored = ignoredFlags(root)
  const problems: Problem[] = []
  const warnings = new Set<string>()
  const texts = new Map<string, string[]>()
  const report = (text: string) => problems.push({ file: '', line: 0, column: 0, text })
  const takesNone = (name: string) =>
    flags.get(name)?.field.bare ?? obsoleteFlags.get(name)?.bare ?? false

  for (const { name, value } of argumentsOf(argv, takesNone, report)) {
    const flag = flags.get(name)
    const below = ignored.some(path => name === path || name.startsWith(`${path}.`))
    if (obsoleteFlags.has(name)) warnings.add(`flag -${name} is obsolete and has no effect`)
    else if (flag) {
      const text = value ?? (flag.field.bare ? 'true' : undefined)
      if (text === undefined) report(`flag -${name} needs a value`)
      else texts.set(name, [...(texts.get(name) ?? []), text])
    } else if (below) warnings.add(`flag -${name} has no effect`)
    else report(`unknown flag -${name}${hint(name, [...flags.keys()])}; -help lists all flags`)
  }
  const given = new Set<string>()
  for (const [name, list] of texts) {
    const flag = flags.get(name)!
    given.add(flag.path)
    try {
      setValueAt(values, flag.properties, parsed(flag, list))
    } catch (error) {
      if (!(error instanceof SettingError)) throw error
      report(`flag -${name}: ${error.message}`)
    }
  }
  return { problems, warnings: [...warnings], given }
}

/** Of a repeated flag the last counts, except that lists are joined. */
function parsed(flag: Flag, texts: readonly string[]): unknown {
  if (flag.field.shape === 'scalar') return flag.field.parse(texts.at(-1)!)
  return texts.flatMap(text => flag.field.parse(text) as unknown[])
}

const booleanWords = new Set(['true', 'false'])

function* argumentsOf(
  argv: readonly string[],
  takesNone: (name: string) => boolean,
  report: (text: string) => void,
): Generator<Argument> {
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i]!
    const found = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument)
    if (!found) {
      report(`unexpected argument ${JSON.stringify(argument)}; settings are given as -name=value`)
      continue
    }
    const name = found[1]!
    const next = argv[i + 1]
    if (found[2] !== undefined) yield { name, value: found[2] }
    else if (takesNone(name) ? booleanWords.has(next ?? '') : isValue(next)) {
      yield { name, value: next! }
      i++
    } else yield { name, value: undefined }
  }
}

/** A negative number is a value; anything else that begins with a dash is the next flag. */
function isValue(argument: string | undefined): boolean {
  return argument !== undefined && (!argument.startsWith('-') || /^-(\d|$)/.test(argument))
}

function hint(name: string, candidates: readonly string[]): string {
  const dashed = name.replaceAll('_', '-')
  const same = candidates.find(candidate => candidate.replaceAll('_', '-') === dashed)
  const meant = same ?? nearest(name, candidates)
  return meant === undefined ? '' : ` (did you mean -${meant}?)`
}

/** Names of the flags of ignored keys; those below them are ignored as well. */
function ignoredFlags(root: Group<Fields>): string[] {
  const found: string[] = []
  const visit = (group: Group<Fields>, path: string) => {
    for (const setting of Object.values(group.fields)) {
      if (setting.kind === 'group') visit(setting, joinPath(path, setting.yaml))
      if (setting.kind !== 'ignored') continue
      for (const key of setting.keys) found.push(joinPath(path, key).replaceAll('_', '-'))
    }
  }
  visit(root, '')
  return found
}
