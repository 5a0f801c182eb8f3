import type {
  ArithmeticOp,
  LogicalOp,
  MetricsStage,
  ScalarExpression,
  ScalarOp,
  SpansetExpression,
  StructuralOp,
} from './ast.ts'
import type { Parsed, ParsedMetrics, ParsedPipeline, ParsedSpansets } from './parse-operand.ts'
import type { SymbolText, Token } from './token.ts'
import type { TokenCursor } from './token-cursor.ts'

/** Lowest first. `>` and `<` are structural between spansets and comparisons after numbers. */
const precedences = {
  ...{ '&&': 1, '||': 1 },
  ...{ '=': 2, '!=': 2, '<=': 2, '>=': 2, '>': 2, '<': 2, '>>': 2, '<<': 2, '~': 2 },
  ...{ '!>': 2, '!>>': 2, '!<': 2, '!<<': 2, '!~': 2 },
  ...{ '&>': 2, '&>>': 2, '&<': 2, '&<<': 2, '&~': 2 },
  ...{ '+': 3, '-': 3, '*': 4, '/': 4, '%': 4, '^': 5 },
} as const

/** Precedence from which an expression holds arithmetic only. */
export const arithmeticPrecedence = 3

const logical: ReadonlySet<string> = new Set<LogicalOp>(['&&', '||'])
const comparisons: ReadonlySet<string> = new Set<ScalarOp>(['=', '!=', '<', '<=', '>', '>='])
const arithmetic: ReadonlySet<string> = new Set<ArithmeticOp>(['+', '-', '*', '/', '%', '^'])
const structural: ReadonlySet<string> = new Set<StructuralOp>([
  ...(['>', '>>', '<', '<<', '~', '!>', '!>>', '!<', '!<<', '!~'] as const),
  ...(['&>', '&>>', '&<', '&<<', '&~'] as const),
])

type SymbolToken = Token & { type: 'symbol' }
type ReadOperand = (cursor: TokenCursor) => Parsed

export function isComparison(token: Token): token is SymbolToken & { text: ScalarOp } {
  return token.type === 'symbol' && comparisons.has(token.text)
}

/**
 * Operands joined by operators of at least `precedenceMin`, whatever they are: filters, brackets,
 * aggregates, numbers. Fails with BAD_QUERY where two of them do not go together.
 */
export function parseCombination(
  cursor: TokenCursor,
  readOperand: ReadOperand,
  precedenceMin = 1,
): Parsed {
  let left = readOperand(cursor)
  for (;;) {
    const token = cursor.peek()
    if (token.type !== 'symbol') break
    const precedence = precedenceOf(token.text)
    if (precedence === undefined || precedence < precedenceMin) break
    if (!fits(left, token.text)) throw cursor.unexpected(token)
    cursor.next()
    const rightToken = cursor.peek()
    const rightMin = token.text === '^' ? precedence : precedence + 1
    // Brackets count themselves; of the operators only `^` can nest without them.
    if (token.text === '^') cursor.enter()
    const right = parseCombination(cursor, readOperand, rightMin)
    if (token.text === '^') cursor.leave()
    const joined = combine(cursor, left, token, right)
    if (joined === undefined) throw cursor.unexpected(rightToken)
    left = joined
  }
  return left
}

function precedenceOf(text: SymbolText): number | undefined {
  return Object.hasOwn(precedences, text)
    ? precedences[text as keyof typeof precedences]
    : undefined
}

/** Whether `left` can stand on the left of the operator. */
function fits(left: Parsed, op: SymbolText): boolean {
  switch (left.class) {
    case 'spansets':
    case 'pipeline':
      return logical.has(op) || structural.has(op)
    case 'scalar':
      return arithmetic.has(op) || comparisons.has(op)
    case 'metrics':
      return (arithmetic.has(op) && op !== '%' && op !== '^') || comparisons.has(op)
    case 'scalarFilter':
      return false
  }
}

/** Undefined when the right side is the wrong one. */
function combine(
  cursor: TokenCursor,
  left: Parsed,
  token: SymbolToken,
  right: Parsed,
): Parsed | undefined {
  if (left.class === 'spansets' || left.class === 'pipeline') {
    if (right.class !== 'spansets' && right.class !== 'pipeline') return undefined
    return combineSpansets(left, token, right)
  }
  if (right.class !== 'scalar' && right.class !== 'metrics') return undefined
  if (left.class === 'scalar' && right.class === 'scalar') {
    return combineScalars(left.node, token, right.node, left.at)
  }
  if (left.class === 'scalarFilter') return undefined
  if (comparisons.has(token.text)) {
    if (left.class !== 'metrics' || right.class !== 'scalar') return undefined
    if (!isConstant(right.node)) return undefined
    const op = token.text as ScalarOp
    return withStage(left, { kind: 'valueFilter', op, value: right.node, at: token.at })
  }
  if (token.text === '%' || token.text === '^') throw cursor.unexpected(token)
  if (left.class === 'scalar' && !isConstant(left.node)) throw cursor.unexpected(token)
  if (right.class === 'scalar' && !isConstant(right.node)) return undefined
  const op = token.text as '+' | '-' | '*' | '/'
  const node = { kind: 'metricsArithmetic', op, left: left.node, right: right.node } as const
  return { class: 'metrics', node: { ...node, at: token.at }, at: left.at }
}

function combineSpansets(
  left: ParsedSpansets | ParsedPipeline,
  token: SymbolToken,
  right: ParsedSpansets | ParsedPipeline,
): ParsedSpansets | undefined {
  const wrapped = [left, right].some(side => side.class === 'pipeline' || side.wrapped)
  const wrappable = [left, right].every(side => side.class === 'pipeline' || side.wrappable)
  // Beside a bracketed pipeline everything is bracketed.
  if (wrapped && !wrappable) return undefined
  const operands = { left: spansetOf(left), right: spansetOf(right), at: token.at }
  const node: SpansetExpression = logical.has(token.text)
    ? joinLogical(token.text as LogicalOp, operands.left, operands.right, token.at)
    : { kind: 'structural', op: token.text as StructuralOp, ...operands }
  return { class: 'spansets', node, wrapped, wrappable, at: left.at }
}

function spansetOf(side: ParsedSpansets | ParsedPipeline): SpansetExpression {
  if (side.class === 'spansets') return side.node
  return { kind: 'wrapped', pipeline: side.node, at: side.at }
}

/** A chain of one operator becomes one node, which grows in place: n operands cost n steps. */
function joinLogical(
  op: LogicalOp,
  left: SpansetExpression,
  right: SpansetExpression,
  at: number,
): SpansetExpression {
  if (left.kind !== 'spansetLogical' || left.op !== op) {
    return { kind: 'spansetLogical', op, operands: [left, right], at }
  }
  ;(left.operands as SpansetExpression[]).push(right)
  return left
}

function combineScalars(
  left: ScalarExpression,
  { text, at: operatorAt }: SymbolToken,
  right: ScalarExpression,
  at: number,
): Parsed {
  if (comparisons.has(text)) {
    const node = { kind: 'scalarFilter', op: text as ScalarOp, left, right } as const
    return { class: 'scalarFilter', node: { ...node, at: operatorAt }, at }
  }
  const node = { kind: 'scalarBinary', op: text as ArithmeticOp, left, right } as const
  return { class: 'scalar', node: { ...node, at: operatorAt }, at }
}

/** The metrics with one more stage behind them. */
export function withStage(metrics: ParsedMetrics, stage: MetricsStage): ParsedMetrics {
  const { node, at } = metrics
  if (node.kind !== 'metricsStaged') {
    return {
      class: 'metrics',
      node: { kind: 'metricsStaged', input: node, stages: [stage], at: stage.at },
      at,
    }
  }
  ;(node.stages as MetricsStage[]).push(stage)
  return metrics
}

/** Made of literals only. */
export function isConstant(expression: ScalarExpression): boolean {
  if (expression.kind !== 'scalarBinary') return expression.kind === 'static'
  return isConstant(expression.left) && isConstant(expression.right)
}
