import type { Operand } from '../model/predicate.ts'
import type { Field } from './ast.ts'
import { type IntrinsicName, intrinsics } from './intrinsics.ts'
import { printField } from './print-field.ts'

/** The field of a validated query as storage knows it. */
export function operandOf(field: Field): Operand {
  if (field.kind === 'attribute') {
    return { kind: 'attribute', scope: field.scope, key: field.key }
  }
  // `parent` never gets past validation.
  const name = field.name as Exclude<IntrinsicName, 'parent'>
  return { kind: 'intrinsic', name }
}

/** As a query writes it: `resource.service.name`, `.region`, `span."user name"`, `status`. */
export function printOperand(operand: Operand): string {
  if (operand.kind === 'attribute') return printField({ ...operand, parent: false, at: 0 })
  return operand.name === 'traceState' ? operand.name : intrinsics[operand.name].printed
}

/**
 * The key under which a search response shows it: an attribute without its scope, an intrinsic
 * as `status`, `statusMessage`, `event:name`, `link:traceID`.
 */
export function operandKey(operand: Operand): string {
  return operand.kind === 'attribute' ? operand.key : printOperand(operand)
}
