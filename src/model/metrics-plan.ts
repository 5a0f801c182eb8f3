import type { ArithmeticOp, CompareOp, Operand, Predicate } from './predicate.ts'
import type { MetricsFunction, SpansetStage } from './spanset.ts'

/**
 * A TraceQL metrics query as pure data (JSON-able): what is asked about spans, one leaf per metrics
 * function, and what becomes of the answers. Values of series are seconds where spans have
 * nanoseconds.
 */
export interface MetricsPlan {
  /** At least one. */
  readonly leaves: readonly MetricsLeaf[]
  readonly root: SeriesExpression
}

export interface MetricsLeaf {
  readonly spans: Predicate
  readonly stages: readonly SpansetStage[]
  readonly function: MetricsFunction
  readonly by: readonly Operand[]
  /** Keys of the labels of `by`, as the query writes them. */
  readonly labelKeys: readonly string[]
  /** For example `rate`: the `__name__` of a series without other labels. */
  readonly name: string
  readonly samples: SampleRule
  /** The values that the function reads are nanoseconds. */
  readonly isDuration: boolean
}

/** How the sums of an answer become samples. */
export type SampleRule =
  | { readonly kind: 'rate' | 'count' | 'extreme' | 'average' | 'sum' | 'buckets' }
  | { readonly kind: 'quantiles'; readonly quantiles: readonly number[] }
  /** At most `top` values of each attribute, on either side. */
  | { readonly kind: 'compare'; readonly top: number }

export type SeriesOp = Exclude<ArithmeticOp, '%' | '^'>

export type SeriesExpression =
  /** Index into the leaves. */
  | { readonly kind: 'leaf'; readonly leaf: number }
  /** Null: the constant has no value (a division by zero), and neither has what it is part of. */
  | { readonly kind: 'scalar'; readonly value: number | null }
  | {
      readonly kind: 'arithmetic'
      readonly op: SeriesOp
      readonly left: SeriesExpression
      readonly right: SeriesExpression
    }
  | {
      readonly kind: 'staged'
      readonly input: SeriesExpression
      readonly stages: readonly SeriesStage[]
    }

export type SeriesStage =
  /** Keeps the samples of the `limit` series with the greatest (least) values, at each time. */
  | { readonly kind: 'topk' | 'bottomk'; readonly limit: number }
  /** Keeps the samples that compare to the value as asked. */
  | {
      readonly kind: 'filter'
      readonly op: Exclude<CompareOp, '=~' | '!~' | 'contains' | 'textEquals'>
      readonly value: number
    }
