import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { functionSizes } from './tidy/function-sizes.ts'
import { withoutText } from './tidy/without-text.ts'

/**
 * The house rules. Each exception has its reason beside it, and one that is no longer needed fails:
 * the lists only get shorter.
 */

const root = fileURLToPath(new URL('../', import.meta.url))
const fileLinesMax = 500
const functionLinesMax = 70

/** From the bottom up: a folder of src imports only from rows before its own. */
const layers = [
  ['base'],
  ['model'],
  ['wire', 'net', 'traceql', 'ring', 'contract'],
  ['storage', 'metrics'],
  ['search'],
  ['distributor', 'ingester', 'querier', 'frontend', 'compactor', 'overrides'],
  ['receiver', 'remote', 'api', 'cli'],
  ['app'],
]

/** Imports between neighbours of one row, `from -> to`. */
const neighbourImports = new Map([
  ['distributor -> overrides', 'limits are values, and every push asks for those of its tenant'],
])

/** The same inside storage, where a row is a folder. */
const storageImports = new Map([
  ['blocklist -> object', 'the list of blocks is objects'],
  ['block -> live', 'a frozen segment is written as a block, with the same tree and value codes'],
  ['live -> block', 'intrinsics are numbered once, for live columns and for those of a block'],
])

/** `file name-of-function`. */
const longFunctions = new Map([
  ['src/storage/live/decode-otlp.ts readSpanFields', 'hot: one case per field, nothing to call'],
  ['src/base/disk.test.ts diskContract', 'one contract, many small tests'],
  ['src/wire/tempo-proto.test.ts test', 'one answer with all its fields, there and back'],
  ['test/contract/object-store-contract.ts readsAndWrites', 'one contract, many small tests'],
])

/** What only the edges of the program may touch: elsewhere it is handed in. */
const banned = [
  { what: 'Date.now()', pattern: /\bDate\.now\b/ },
  { what: 'new Date()', pattern: /\bnew Date\(\)/ },
  { what: 'Math.random()', pattern: /\bMath\.random\b/ },
  { what: 'process.env', pattern: /\bprocess\.env\b/ },
  { what: 'console', pattern: /\bconsole\./ },
]
const edges = ['src/base/', 'src/app/']

interface Source {
  readonly path: string
  readonly text: string
  /** The same, with blanks for comments and for what stands in quotes. */
  readonly code: string
}

const sources: readonly Source[] = globSync('{src,cmd,scripts,test,bench}/**/*.ts', { cwd: root })
  .filter(path => !/\/(generated|data)\//.test(path))
  .sort()
  .map(path => {
    const text = readFileSync(join(root, path), 'utf8')
    return { path, text, code: withoutText(text) }
  })
const inSrc = sources.filter(({ path }) => path.startsWith('src/'))
const tests = sources.filter(({ path }) => path.endsWith('.test.ts'))
const imports = sources.flatMap(importsOf)

const tidy = suite('house rules')

tidy('the rules see the files', () => {
  assert.ok(inSrc.length >= 150, `${inSrc.length} files in src`)
  assert.ok(tests.length >= 35, `${tests.length} test files`)
  assert.ok(imports.length >= 700, `${imports.length} imports`)
  assert.ok(inSrc.flatMap(source => functionSizes(source.code)).length >= 1_000)
})

tidy('every folder of src has its row', () => {
  const known = layers.flat()
  const folders = new Set(inSrc.map(({ path }) => folderOf(path)))
  assert.equal(
    [...folders].filter(folder => !known.includes(folder)),
    [],
  )
})

tidy('imports only go down', () => {
  const used = new Set<string>()
  const wrong = imports.filter(({ from, to }) => {
    if (!from.startsWith('src/')) return from.startsWith('cmd/') && !to.startsWith('src/')
    // Tests may use what tests share.
    if (!to.startsWith('src/')) return !from.endsWith('.test.ts')
    return !goesDown(from, to, used)
  })
  assert.equal(
    wrong.map(({ from, to }) => `${from} -> ${to}`),
    [],
  )
  const exceptions = [...neighbourImports.keys(), ...storageImports.keys()]
  assert.equal(
    exceptions.filter(exception => !used.has(exception)),
    [],
  )
})

tidy(`no file has more than ${fileLinesMax} lines`, () => {
  const long = sources.filter(({ text }) => lineCount(text) > fileLinesMax).map(({ path }) => path)
  assert.equal(long, [])
})

tidy(`no function has more than ${functionLinesMax} lines`, () => {
  const long = sources.flatMap(({ path, code }) =>
    functionSizes(code)
      .filter(({ lines }) => lines > functionLinesMax)
      .map(({ name, lines }) => ({ key: `${path} ${name}`, lines })),
  )
  const unknown = long.filter(({ key }) => !longFunctions.has(key))
  assert.equal(
    unknown.map(({ key, lines }) => `${key}: ${lines} lines`),
    [],
  )
  const keys = new Set(long.map(({ key }) => key))
  const gone = [...longFunctions.keys()].filter(key => !keys.has(key))
  assert.equal(gone, [], 'exceptions that are not needed any more')
})

tidy('time, chance, environment and console come in from the edges', () => {
  const wrong = inSrc
    .filter(({ path }) => !path.endsWith('.test.ts') && !edges.some(edge => path.startsWith(edge)))
    .flatMap(({ path, code }) => places(path, code, banned))
  assert.equal(wrong, [])
})

tidy('exports have names', () => {
  const rules = [{ what: 'default export', pattern: /^\s*export (default\b|\{.*\bas default\b)/ }]
  assert.equal(
    sources.flatMap(({ path, code }) => places(path, code, rules)),
    [],
  )
  const barrels = sources.filter(({ path }) => basename(path) === 'index.ts')
  assert.equal(
    barrels.map(({ path }) => path),
    [],
  )
})

tidy('names of files and folders are kebab-case', () => {
  const kebab = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.bench)?\.ts$/
  const folder = /^[a-z0-9]+(-[a-z0-9]+)*$/
  const wrong = sources.filter(({ path }) => {
    const parts = path.split('/')
    return !kebab.test(parts.pop()!) || !parts.every(part => folder.test(part))
  })
  assert.equal(
    wrong.map(({ path }) => path),
    [],
  )
})

tidy('every suite of a test file is run', () => {
  const forgotten = tests.flatMap(({ path, code }) =>
    suitesWithoutRun(code).map(n => `${path} ${n}`),
  )
  assert.equal(forgotten, [])
})

tidy('no test is left alone with .only', () => {
  const rules = [{ what: '.only', pattern: /\.only\(/ }]
  assert.equal(
    tests.flatMap(({ path, code }) => places(path, code, rules)),
    [],
  )
})

tidy('every dependency has its reason', () => {
  const about = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const names = Object.keys({ ...about.dependencies, ...about.devDependencies })
  const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8')
  const listed = [...page.matchAll(/^\| `([^`]+)` \| [^|]{20,} \|$/gm)].map(match => match[1]!)
  assert.equal(listed.toSorted(), names.toSorted())
})

tidy.run()

interface Import {
  readonly from: string
  readonly to: string
}

/** Imports of files of this repository, types included. */
function importsOf({ path, text }: Source): Import[] {
  const found = text.matchAll(/(?:\bfrom|\bimport\(|^import)\s*'(\.[^']+)'/gm)
  return [...found]
    .map(match => ({ from: path, to: normalize(join(dirname(path), match[1]!)) }))
    .filter(({ to }) => existsSync(join(root, to)))
}

function goesDown(from: string, to: string, used: Set<string>): boolean {
  const [source, target] = [folderOf(from), folderOf(to)]
  if (source !== target) {
    const [above, below] = [rankOf(source), rankOf(target)]
    return below < above || (below === above && isAllowed(source, target, neighbourImports, used))
  }
  if (source !== 'storage') return true
  // A test may build what it reads with a neighbour.
  if (from.endsWith('.test.ts')) return true
  const [part, other] = [storagePartOf(from), storagePartOf(to)]
  if (part === other || other === '') return true
  return part !== '' && isAllowed(part, other, storageImports, used)
}

function isAllowed(
  from: string,
  to: string,
  list: Map<string, string>,
  used: Set<string>,
): boolean {
  const name = `${from} -> ${to}`
  used.add(name)
  return list.has(name)
}

function folderOf(path: string): string {
  return path.split('/')[1]!
}

function rankOf(folder: string): number {
  return layers.findIndex(row => row.includes(folder))
}

/** The folder inside storage; empty for the files that all of them share. */
function storagePartOf(path: string): string {
  const parts = path.split('/')
  return parts.length > 3 ? parts[2]! : ''
}

function lineCount(text: string): number {
  return text.trimEnd().split('\n').length
}

function places(
  path: string,
  code: string,
  rules: readonly { readonly what: string; readonly pattern: RegExp }[],
): string[] {
  return code
    .split('\n')
    .flatMap((line, i) =>
      rules
        .filter(({ pattern }) => pattern.test(line))
        .map(({ what }) => `${path}:${i + 1} ${what}`),
    )
}

/** Names of suites in code that are made and never run. */
function suitesWithoutRun(code: string): string[] {
  const made = [...code.matchAll(/\b(?:const|let) (\w+) = suite(?:<.*>)?\(/g)].map(m => m[1]!)
  const isDefaultUsed = /import \{[^}]*\btest\b[^}]*\} from/.test(code) && /^test\(/m.test(code)
  const names = isDefaultUsed ? [...made, 'test'] : made
  return names.filter(name => !code.includes(`${name}.run()`))
}
