import type { ParsedQuery } from './ast.ts'
import { computationsMax, fieldsMax, metricsTermsMax, stepsMax, textOrdersMax } from './limits.ts'
import { queryError } from './query-error.ts'

type Counted = 'fields' | 'computations' | 'textOrders' | 'steps' | 'metricsTerms'

const limits: Readonly<Record<Counted, { readonly max: number; readonly what: string }>> = {
  fields: { max: fieldsMax, what: 'fields' },
  computations: {
    max: computationsMax,
    what: 'arithmetic operators and comparisons of two fields',
  },
  textOrders: { max: textOrdersMax, what: 'comparisons by the order of texts' },
  steps: { max: stepsMax, what: 'aggregates, groups and operators between spansets' },
  metricsTerms: { max: metricsTermsMax, what: 'metrics functions' },
}

interface Node {
  readonly kind?: string
  readonly at?: number
  readonly op?: string
  readonly left?: Node
  readonly right?: Node
  readonly operands?: readonly Node[]
  readonly stages?: readonly Node[]
}

/**
 * Bounds the work that a short text can ask for with every span. The limits are far beyond what
 * people and dashboards write. Gives the query back. Fails with BAD_QUERY. Does not recurse.
 */
export function refuseTooLarge(query: ParsedQuery): ParsedQuery {
  const counts: Record<Counted, number> = {
    ...{ fields: 0, computations: 0, textOrders: 0, steps: 0, metricsTerms: 0 },
  }
  const lastAt = new Map<Counted, number>()
  const pending: Node[] = [query.body as Node]
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const found = countOf(node)
    if (found !== null) {
      const [counted, count] = found
      counts[counted] += count
      if (!lastAt.has(counted)) lastAt.set(counted, node.at ?? 0)
    }
    // What is shown is read for the spans of an answer only.
    if (node.kind === 'select') continue
    for (const child of Object.values(node)) {
      if (typeof child === 'object' && child !== null) pending.push(child)
    }
  }
  for (const [counted, { max, what }] of Object.entries(limits)) {
    const count = counts[counted as Counted]
    if (count <= max) continue
    const message = `the query has ${count} ${what}, more than ${max}`
    throw queryError('validate', query.text, lastAt.get(counted as Counted)!, message)
  }
  return query
}

function countOf(node: Node): [Counted, number] | null {
  switch (node.kind) {
    case 'attribute':
    case 'intrinsic':
      return ['fields', 1]
    case 'unary':
      return node.op === '-' ? ['computations', 1] : null
    case 'binary':
      return binaryCount(node)
    case 'scalarFilter':
    case 'by':
    case 'structural':
      return ['steps', 1]
    case 'spansetLogical': {
      // Filters with `||` between them are one filter.
      const operands = node.operands ?? []
      const isFree = (operand: Node) => node.op === '||' && operand.kind === 'filter'
      return ['steps', operands.filter(operand => !isFree(operand)).length]
    }
    case 'metricsStaged':
      return ['steps', node.stages?.length ?? 0]
    case 'metricsAggregate':
      return ['metricsTerms', 1]
    default:
      return null
  }
}

function binaryCount({ op = '', left, right }: Node): [Counted, number] | null {
  const isArithmetic = ['+', '-', '*', '/', '%', '^'].includes(op)
  const literals = [left, right].filter(side => side?.kind === 'static')
  if (isArithmetic || literals.length === 0) return ['computations', 1]
  const isText = literals.some(side => 'type' in side! && side.type === 'string')
  return isText && ['<', '<=', '>', '>='].includes(op) ? ['textOrders', 1] : null
}
