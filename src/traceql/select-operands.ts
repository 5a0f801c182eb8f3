import type { Intrinsic, Operand } from '../model/predicate.ts'
import type { Field, FieldExpression } from './ast.ts'
import { operandOf } from './operand.ts'

/** A search response has members of its own for these, so they are never listed. */
const neverListed: ReadonlySet<Intrinsic> = new Set<Intrinsic>([
  'name',
  'duration',
  'traceDuration',
  'rootName',
  'rootServiceName',
  'traceId',
  'spanId',
])

/** Collects what a search response lists: each operand once, in the order in which it is met. */
export class SelectList {
  #operands = new Map<string, Operand>()

  addField(field: Field): void {
    const operand = operandOf(field)
    if (operand.kind === 'intrinsic' && neverListed.has(operand.name)) return
    const identity =
      operand.kind === 'attribute' ? `${operand.scope}.${operand.key}` : `:${operand.name}`
    if (!this.#operands.has(identity)) this.#operands.set(identity, operand)
  }

  /** Everything that the expression reads. */
  addExpression(expression: FieldExpression): void {
    switch (expression.kind) {
      case 'static':
        break
      case 'attribute':
      case 'intrinsic':
        this.addField(expression)
        break
      case 'unary':
        this.addExpression(expression.operand)
        break
      case 'binary':
        this.addExpression(expression.left)
        this.addExpression(expression.right)
        break
      case 'logical':
        for (const operand of expression.operands) this.addExpression(operand)
    }
  }

  operands(): Operand[] {
    return [...this.#operands.values()]
  }
}
