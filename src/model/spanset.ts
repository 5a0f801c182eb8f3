import type { CompareOp, Literal, Operand, Predicate, ValueExpression } from './predicate.ts'

/**
 * What happens to the matching spans of a trace, as pure data (JSON-able): the pipeline of a TraceQL
 * query, from which conditions that look at one span alone are taken out as predicates. A spanset
 * is spans of one trace; a trace begins with one, `by` splits it, `coalesce` joins the parts again.
 */

/** Child, descendant, parent, ancestor, sibling: of the left spans, as seen from the right ones. */
export type Relation = '>' | '>>' | '<' | '<<' | '~'

/**
 * `right`: spans of the right side that are in the relation with some span of the left.
 * `not`: those of the right side that are in it with none. `both`: as `right`, and the spans of the
 * left side that took part.
 */
export type StructuralForm = 'right' | 'not' | 'both'

export type SpansetExpression =
  | { readonly kind: 'filter'; readonly spans: Predicate }
  /** Union of the sides: with `and` only where none of them is empty. */
  | { readonly kind: 'and' | 'or'; readonly parts: readonly SpansetExpression[] }
  | {
      readonly kind: 'structural'
      readonly relation: Relation
      readonly form: StructuralForm
      readonly left: SpansetExpression
      readonly right: SpansetExpression
    }
  /** A pipeline of its own, over the same spans; it must leave one spanset per trace. */
  | { readonly kind: 'pipeline'; readonly stages: readonly SpansetStage[] }

export type AggregateFunction = 'count' | 'sum' | 'min' | 'max' | 'average'

export type SpansetStage =
  | { readonly kind: 'spansets'; readonly expression: SpansetExpression }
  | {
      /** Keeps spansets whose aggregate compares to the literal as asked. */
      readonly kind: 'aggregate'
      readonly function: AggregateFunction
      /** Null for `count`. Spans without a number are skipped; none left: the spanset is dropped. */
      readonly argument: ValueExpression | null
      readonly op: Exclude<CompareOp, '=~' | '!~' | 'contains' | 'textEquals'>
      readonly literal: Extract<Literal, { type: 'int' | 'float' }>
      /** As the query writes it: the key under which results show the value. */
      readonly shownAs: string
      /** The result is a number of nanoseconds. */
      readonly isDuration: boolean
    }
  | {
      readonly kind: 'by'
      readonly expression: ValueExpression
      readonly shownAs: string
    }
  | { readonly kind: 'coalesce' }

/** What a metrics query makes of the spans that are left; times are nanoseconds since 1970. */
export type MetricsFunction =
  /** `rate`, `count_over_time`. Lane: spans. */
  | { readonly kind: 'count' }
  /** Lanes: the least (greatest) value, NaN without one; the sum and the count of values. */
  | { readonly kind: 'min' | 'max'; readonly operand: Operand }
  | { readonly kind: 'sum'; readonly operand: Operand }
  /**
   * `histogram_over_time`, `quantile_over_time`. One series more per power of two: its last label is
   * the exponent e (int) of the bucket (2^(e-1), 2^e], durations in nanoseconds. Lane: spans.
   */
  | { readonly kind: 'histogram'; readonly operand: Operand }
  /**
   * Labels: `selection` or `baseline`; the attribute as `printOperand` writes it; its value, null for
   * the spans that have the attribute at all. Lane: spans. Only the `top` values of an attribute
   * with most spans are kept, more when other sources may still change which these are.
   */
  | {
      readonly kind: 'compare'
      readonly selection: Predicate
      readonly top: number
      /** Spans that start in (startNs, endNs] only are in the selection. */
      readonly range?: { readonly startNs: string; readonly endNs: string }
    }
