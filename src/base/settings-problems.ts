/** One thing wrong with a configuration. Lines and columns start at 1; 0 = not from a file. */
export interface Problem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly text: string
}

export function printProblem(problem: Problem): string {
  if (problem.file === '') return problem.text
  if (problem.line === 0) return `${problem.file}: ${problem.text}`
  return `${problem.file}:${problem.line}:${problem.column}: ${problem.text}`
}

/** A configuration that cannot be used. Names everything that is wrong with it. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[]
  /** The process ends with this: configuration and usage errors, as opposed to 1 for failures. */
  readonly exitCode = 2
  constructor(problems: readonly Problem[]) {
    super(problems.map(printProblem).join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** Longer names are cut before they are compared: the work grows with both lengths. */
const comparedCharsMax = 100

/** The candidate that was probably meant: at most a third of its letters differ; else undefined. */
export function nearest(wanted: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestEdits = Number.POSITIVE_INFINITY
  for (const candidate of candidates) {
    const edits = editDistance(wanted.slice(0, comparedCharsMax), candidate)
    const editsMax = Math.max(1, Math.floor(Math.min(wanted.length, candidate.length) / 3))
    if (edits <= editsMax && edits < bestEdits) {
      best = candidate
      bestEdits = edits
    }
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbours that make one text the other. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      let edits = Math.min(replaced, last[j]! + 1, row[j - 1]! + 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (swapped) edits = Math.min(edits, beforeLast[j - 2]! + 1)
      row.push(edits)
    }
    beforeLast = last
    last = row
  }
  return last[b.length]!
}
