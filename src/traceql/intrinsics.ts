import type { Intrinsic } from '../model/predicate.ts'

export type ValueType = 'nil' | 'int' | 'float' | 'string' | 'bool' | 'duration' | 'status' | 'kind'

/** What a query can name; `parent` is understood and then refused as not supported. */
export type IntrinsicName = Exclude<Intrinsic, 'traceState'> | 'parent'

export interface IntrinsicSpec {
  /** How results, keys and error texts spell it: the old form where there is one. */
  readonly printed: string
  /** The form with a colon, split; null where there is none. */
  readonly scoped: readonly [scope: string, name: string] | null
  readonly type: ValueType
}

export const intrinsics: Readonly<Record<IntrinsicName, IntrinsicSpec>> = {
  name: { printed: 'name', scoped: ['span', 'name'], type: 'string' },
  status: { printed: 'status', scoped: ['span', 'status'], type: 'status' },
  statusMessage: { printed: 'statusMessage', scoped: ['span', 'statusMessage'], type: 'string' },
  kind: { printed: 'kind', scoped: ['span', 'kind'], type: 'kind' },
  duration: { printed: 'duration', scoped: ['span', 'duration'], type: 'duration' },
  spanId: { printed: 'span:id', scoped: ['span', 'id'], type: 'string' },
  parentId: { printed: 'span:parentID', scoped: ['span', 'parentID'], type: 'string' },
  childCount: { printed: 'span:childCount', scoped: ['span', 'childCount'], type: 'int' },
  traceId: { printed: 'trace:id', scoped: ['trace', 'id'], type: 'string' },
  traceDuration: { printed: 'traceDuration', scoped: ['trace', 'duration'], type: 'duration' },
  rootName: { printed: 'rootName', scoped: ['trace', 'rootName'], type: 'string' },
  rootServiceName: {
    printed: 'rootServiceName',
    scoped: ['trace', 'rootService'],
    type: 'string',
  },
  eventName: { printed: 'event:name', scoped: ['event', 'name'], type: 'string' },
  eventTimeSinceStart: {
    printed: 'event:timeSinceStart',
    scoped: ['event', 'timeSinceStart'],
    type: 'duration',
  },
  linkTraceId: { printed: 'link:traceID', scoped: ['link', 'traceID'], type: 'string' },
  linkSpanId: { printed: 'link:spanID', scoped: ['link', 'spanID'], type: 'string' },
  instrumentationName: {
    printed: 'instrumentation:name',
    scoped: ['instrumentation', 'name'],
    type: 'string',
  },
  instrumentationVersion: {
    printed: 'instrumentation:version',
    scoped: ['instrumentation', 'version'],
    type: 'string',
  },
  nestedSetLeft: { printed: 'nestedSetLeft', scoped: null, type: 'int' },
  nestedSetRight: { printed: 'nestedSetRight', scoped: null, type: 'int' },
  nestedSetParent: { printed: 'nestedSetParent', scoped: null, type: 'int' },
  parent: { printed: 'parent', scoped: null, type: 'nil' },
}

const names = Object.keys(intrinsics) as IntrinsicName[]

/** Bare keyword, for example `traceDuration` -> the intrinsic. */
export const intrinsicOfWord: ReadonlyMap<string, IntrinsicName> = new Map(
  names
    .filter(name => !intrinsics[name].printed.includes(':'))
    .map(name => [intrinsics[name].printed, name]),
)

/** Scope before the colon -> name after it -> the intrinsic. */
export const intrinsicsOfScope: ReadonlyMap<string, ReadonlyMap<string, IntrinsicName>> = new Map(
  ['span', 'trace', 'event', 'link', 'instrumentation'].map(scope => [
    scope,
    new Map(
      names.flatMap(name => {
        const scoped = intrinsics[name].scoped
        return scoped !== null && scoped[0] === scope ? [[scoped[1], name] as const] : []
      }),
    ),
  ]),
)
