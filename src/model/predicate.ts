/**
 * What storage can be asked about a span, as pure data (JSON-able): the seam between TraceQL and
 * storage, which do not know each other. Semantics: two-valued; a comparison with a missing value
 * is false whatever the operator, so `not(x = 5)` is true where x is missing and `x != 5` is not.
 * Conditions on events (or links) that are direct parts of one `and` must hold on the same event
 * (link); one that stands alone sits in an `and` of one part.
 */

export type AttributeScope = 'span' | 'resource' | 'event' | 'link' | 'instrumentation'

/**
 * Intrinsic fields. Times are nanoseconds; ids are lower-case hex; status and kind are the OTLP
 * numbers (status 0 unset, 1 ok, 2 error; kind 0..5).
 */
export type Intrinsic =
  | 'name'
  | 'status'
  | 'statusMessage'
  | 'kind'
  | 'duration'
  | 'spanId'
  | 'parentId'
  | 'childCount'
  | 'traceId'
  | 'traceDuration'
  | 'rootName'
  | 'rootServiceName'
  | 'eventName'
  | 'eventTimeSinceStart'
  | 'linkTraceId'
  | 'linkSpanId'
  | 'instrumentationName'
  | 'instrumentationVersion'
  | 'nestedSetLeft'
  | 'nestedSetRight'
  | 'nestedSetParent'
  | 'traceState'

/** `scope: 'any'` is TraceQL's unscoped form: the span's value, else the resource's. */
export type Operand =
  | { readonly kind: 'attribute'; readonly scope: AttributeScope | 'any'; readonly key: string }
  | { readonly kind: 'intrinsic'; readonly name: Intrinsic }

/** int values are decimal text so that 64 bits survive JSON; duration is nanoseconds as number. */
export type Literal =
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'int'; readonly value: string }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'bool'; readonly value: boolean }

/**
 * `contains` is a case-sensitive substring (legacy tag search); `textEquals` compares the text
 * form of a value of any type (Jaeger tag search). `=~` and `!~` are RE2, anchored at both ends.
 */
export type CompareOp =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | '=~'
  | '!~'
  | 'contains'
  | 'textEquals'

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^'

/**
 * A value of a span that has to be computed. Ints are exact and wrap around at 64 bits; a division
 * or modulo of ints by zero, arithmetic on what is no number, and lists give no value. Attributes of
 * events and links may have several values.
 */
export type ValueExpression =
  | Operand
  | { readonly kind: 'literal'; readonly literal: Literal }
  | {
      readonly kind: 'arithmetic'
      readonly op: ArithmeticOp
      readonly left: ValueExpression
      readonly right: ValueExpression
    }
  | { readonly kind: 'negative'; readonly part: ValueExpression }
  /** Of a bool; of anything else there is none. */
  | { readonly kind: 'opposite'; readonly part: ValueExpression }
  /** True or false: always there. */
  | { readonly kind: 'condition'; readonly condition: Predicate }

export type Predicate =
  | { readonly kind: 'constant'; readonly value: boolean }
  | { readonly kind: 'and'; readonly parts: readonly Predicate[] }
  | { readonly kind: 'or'; readonly parts: readonly Predicate[] }
  | { readonly kind: 'not'; readonly part: Predicate }
  | { readonly kind: 'exists'; readonly operand: Operand }
  | {
      readonly kind: 'compare'
      readonly operand: Operand
      readonly op: CompareOp
      readonly literal: Literal
    }
  /** Both sides are read from the span. Values of different types are different, and have no order. */
  | {
      readonly kind: 'compareValues'
      readonly op: Exclude<CompareOp, '=~' | '!~' | 'contains' | 'textEquals'>
      readonly left: ValueExpression
      readonly right: ValueExpression
    }

export const everySpan: Predicate = { kind: 'constant', value: true }
