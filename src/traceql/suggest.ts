import { intrinsicsOfScope } from './intrinsics.ts'
import { conditionWords, reservedWords, stageWords } from './keywords.ts'
import { readName } from './lex-name.ts'
import type { SymbolText, Token } from './token.ts'

/** Words of other query languages, and what is written here instead. */
const foreignWords: ReadonlyMap<string, string> = new Map([
  ['and', '&&'],
  ['or', '||'],
  ['not', '!'],
  ['null', 'nil'],
  ['none', 'nil'],
  ['undefined', 'nil'],
])

/** Bare words that mean an intrinsic which is only written with its scope. */
const scopedOnly: ReadonlyMap<string, string> = new Map(
  // The first of two scopes is to win.
  [...intrinsicsOfScope]
    .reverse()
    .flatMap(([scope, names]) =>
      ['id', 'parentID', 'childCount', 'rootService', 'timeSinceStart', 'traceID', 'spanID']
        .filter(name => names.has(name))
        .map(name => [name.toLowerCase(), `${scope}:${name}`]),
    ),
)

/** What OpenTelemetry's conventions put on the resource. */
const resourcePrefix = /^(service|k8s|host|deployment|telemetry|process|cloud|container|os|faas)\./

/** Of a name in a suggestion, UTF-16 units. */
const nameLengthMax = 200

/** What was probably meant by a token that cannot stand where it stands; one line or undefined. */
export function suggestFix(token: Token, before?: Token, expected?: string): string | undefined {
  if (token.type === 'symbol') return suggestSymbol(token.text, token.at, before, expected)
  if (token.type !== 'word') return undefined
  const foreign = foreignWords.get(token.text.toLowerCase())
  if (foreign !== undefined) return `did you mean \`${foreign}\`?`
  if (reservedWords.has(token.text) || before?.type !== 'symbol') return undefined
  const candidates = before.text === '|' ? stageWords : ['by', 'with']
  const near = nearest(token.text, candidates)
  return near === undefined ? undefined : `did you mean \`${near}\`?`
}

function suggestSymbol(
  text: SymbolText,
  at: number,
  before?: Token,
  expected?: string,
): string | undefined {
  if (text === ',' && expected === '}') return 'conditions are joined with `&&` or `||`'
  if (text === '~' && expected === '}') return 'did you mean `=~`?'
  if (before?.type !== 'symbol' || before.end !== at) return undefined
  if (text === '=' && before.text === '=') return 'did you mean `=`?'
  return text === '>' && before.text === '<' ? 'did you mean `!=`?' : undefined
}

/** What was probably meant by an identifier where a value of a span should stand. */
export function suggestField(text: string, token: Token & { type: 'word' }): string | undefined {
  const word = token.text
  const foreign = foreignWords.get(word.toLowerCase())
  const scoped = scopedOnly.get(word.toLowerCase())
  const name = readName(text, token.at)
  const key = 'key' in name ? name.key : word
  if (key.length > nameLengthMax) return undefined
  if (foreign !== undefined && key === word) return `did you mean \`${foreign}\`?`
  if (scoped !== undefined && key === word) return `did you mean \`${scoped}\`?`
  const near = key === word ? nearest(word, conditionWords) : undefined
  if (near !== undefined) return `did you mean \`${near}\` or the attribute \`.${word}\`?`
  if (key.startsWith('trace.') || key.startsWith('intrinsic.')) {
    return `did you mean \`${key.replace('.', ':')}\` or \`.${key}\`?`
  }
  const scope = resourcePrefix.test(key) ? 'resource' : 'span'
  return `did you mean \`.${key}\` or \`${scope}.${key}\`?`
}

/** The candidate that differs least, if it is by at most two characters or only by case. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length < 2 || word.length > 30) return undefined
  const wanted = word.toLowerCase()
  // Short words are near to everything.
  let best = word.length < 5 ? 1 : 2
  let found: string | undefined
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase())
    if (distance < best || (distance === best && found === undefined)) {
      best = distance
      found = candidate
    }
  }
  return found
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, column) => column)
  for (let i = 1; i <= left.length; i++) {
    const following = [i]
    for (let j = 1; j <= right.length; j++) {
      const replaced = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1)
      following.push(Math.min(replaced, row[j]! + 1, following[j - 1]! + 1))
    }
    row = following
  }
  return row[right.length]!
}
