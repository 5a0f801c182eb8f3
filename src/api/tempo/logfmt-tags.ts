import type { Intrinsic, Literal, Operand, Predicate } from '../../model/predicate.ts'
import { type Pair, parseLogfmt } from './logfmt.ts'

/**
 * The legacy `tags` search as predicates that must each hold for some span of the trace:
 *
 * 1. well-known keys: case-sensitive substring, each pair tested on its own per trace;
 * 2. `http.status_code` and `status.code`: exact;
 * 3. every other key: exact, string values only.
 *
 * Tempo wants all pairs of class 3 within one ResourceSpans. The query contract has no such
 * grouping, so here they may be found on different resources of the trace: a superset of Tempo's
 * answer, and the same one for traces whose services do not share attribute keys.
 */

/** Fails with BAD_REQUEST: `invalid tags: …`. */
export function tagsToPredicates(tags: string): Predicate[] {
  return parseLogfmt(tags).map(pairToPredicate)
}

const intrinsicKeys = new Map<string, Intrinsic>([
  ['name', 'name'],
  ['root.service.name', 'rootServiceName'],
  ['rootServiceName', 'rootServiceName'],
  ['root.name', 'rootName'],
  ['rootName', 'rootName'],
])

const substringKeys = new Set([
  'http.method',
  'http.url',
  'cluster',
  'namespace',
  'pod',
  'container',
  'k8s.cluster.name',
  'k8s.namespace.name',
  'k8s.pod.name',
  'k8s.container.name',
])

const statusCodes = new Map([
  ['unset', '0'],
  ['ok', '1'],
  ['error', '2'],
])

const never: Predicate = { kind: 'constant', value: false }

function pairToPredicate({ key, value }: Pair): Predicate {
  // A key without `=` is nearly always a value whose quotes were forgotten, as in `user.id=u 1`.
  if (value === undefined) return never
  const text: Literal = { type: 'string', value }
  const intrinsic = intrinsicKeys.get(key)
  if (intrinsic !== undefined) {
    return compare({ kind: 'intrinsic', name: intrinsic }, 'contains', text)
  }
  if (key === 'service.name') {
    return compare({ kind: 'attribute', scope: 'resource', key }, 'contains', text)
  }
  if (substringKeys.has(key)) return onSpanOrResource(key, 'contains', text)
  if (key === 'status.code') return statusPredicate(value)
  if (key === 'http.status_code') return httpStatusPredicate(key, value)
  return onSpanOrResource(key, '=', text)
}

function statusPredicate(value: string): Predicate {
  const code = statusCodes.get(value)
  if (code === undefined) return never
  return compare({ kind: 'intrinsic', name: 'status' }, '=', { type: 'int', value: code })
}

/** Usually sent as a number, by some libraries as text. */
function httpStatusPredicate(key: string, value: string): Predicate {
  const asText = onSpanOrResource(key, '=', { type: 'string', value })
  if (!/^\d{1,18}$/.test(value)) return asText
  const int: Literal = { type: 'int', value: String(BigInt(value)) }
  return { kind: 'or', parts: [onSpanOrResource(key, '=', int), asText] }
}

function onSpanOrResource(key: string, op: '=' | 'contains', literal: Literal): Predicate {
  return {
    kind: 'or',
    parts: [
      compare({ kind: 'attribute', scope: 'span', key }, op, literal),
      compare({ kind: 'attribute', scope: 'resource', key }, op, literal),
    ],
  }
}

function compare(operand: Operand, op: '=' | 'contains', literal: Literal): Predicate {
  return { kind: 'compare', operand, op, literal }
}
