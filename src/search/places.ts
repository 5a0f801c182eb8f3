import type { GroupNeed } from '../model/column-batch.ts'
import { Scope, type ScopeCode } from '../model/columns.ts'
import type { AttributeScope, Intrinsic } from '../model/predicate.ts'

/** Where values that a query can name are found in a source. */

/** What an operand has one value for. */
export type LeafDomain = 'span' | 'trace' | 'resource' | 'instrumentation' | 'event' | 'link'

export const scopeCodes: Record<AttributeScope, ScopeCode> = {
  span: Scope.span,
  resource: Scope.resource,
  event: Scope.event,
  link: Scope.link,
  instrumentation: Scope.instrumentation,
}

/** Where each intrinsic is stored, or that it is computed. */
export const intrinsicPlaces: Record<
  Intrinsic,
  { domain: LeafDomain; column: string | null; absentText?: string }
> = {
  name: { domain: 'span', column: 'span.name' },
  status: { domain: 'span', column: 'span.status' },
  statusMessage: { domain: 'span', column: 'statusMessage', absentText: '' },
  kind: { domain: 'span', column: 'span.kind' },
  duration: { domain: 'span', column: null },
  spanId: { domain: 'span', column: 'span.id' },
  parentId: { domain: 'span', column: null },
  childCount: { domain: 'span', column: null },
  traceId: { domain: 'trace', column: 'trace.id' },
  traceDuration: { domain: 'trace', column: null },
  rootName: { domain: 'trace', column: 'trace.rootName' },
  rootServiceName: { domain: 'trace', column: 'trace.rootService' },
  eventName: { domain: 'event', column: 'event.name' },
  eventTimeSinceStart: { domain: 'event', column: null },
  linkTraceId: { domain: 'link', column: 'link.ids' },
  linkSpanId: { domain: 'link', column: 'link.ids' },
  instrumentationName: { domain: 'instrumentation', column: 'scope.name' },
  instrumentationVersion: { domain: 'instrumentation', column: 'scope.version' },
  nestedSetLeft: { domain: 'span', column: null },
  nestedSetRight: { domain: 'span', column: null },
  nestedSetParent: { domain: 'span', column: null },
  traceState: { domain: 'span', column: 'traceState', absentText: '' },
}

/** What has to be loaded for values of a domain, and for an intrinsic that is computed. */
export function needsOf(domain: LeafDomain, computed: Intrinsic | null): GroupNeed[] {
  const needs: GroupNeed[] = [...domainNeeds[domain]]
  switch (computed) {
    case 'duration':
      needs.push('durations')
      break
    case 'traceDuration':
      needs.push('traces')
      break
    case 'eventTimeSinceStart':
      needs.push('eventOffsets')
      break
    case 'parentId':
      needs.push('parents')
      break
    case 'childCount':
    case 'nestedSetLeft':
    case 'nestedSetRight':
    case 'nestedSetParent':
      needs.push('tree')
      break
    default:
  }
  return needs
}

const domainNeeds: Record<LeafDomain, readonly GroupNeed[]> = {
  span: [],
  trace: ['traceOfRow'],
  resource: ['resources'],
  instrumentation: ['scopes'],
  event: ['events'],
  link: ['links'],
}
