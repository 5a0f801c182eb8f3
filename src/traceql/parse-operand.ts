import type {
  MetricsAggregate,
  MetricsArithmetic,
  MetricsStaged,
  Pipeline,
  ScalarExpression,
  ScalarFilter,
  SpansetExpression,
} from './ast.ts'

/**
 * What a piece of a query turned out to be. Brackets and operators look the same for spansets,
 * scalars and metrics, so the parser reads first and sorts afterwards.
 */
export type Parsed =
  | ParsedSpansets
  | ParsedPipeline
  | { readonly class: 'scalar'; readonly node: ScalarExpression; readonly at: number }
  | { readonly class: 'scalarFilter'; readonly node: ScalarFilter; readonly at: number }
  | ParsedMetrics

export interface ParsedSpansets {
  readonly class: 'spansets'
  readonly node: SpansetExpression
  /** Has a bracketed pipeline somewhere inside. */
  readonly wrapped: boolean
  /** Can stand beside a bracketed pipeline: it is bracketed, or made of what is. */
  readonly wrappable: boolean
  readonly at: number
}

export interface ParsedPipeline {
  readonly class: 'pipeline'
  readonly node: Pipeline
  readonly bracketed: boolean
  readonly at: number
}

export interface ParsedMetrics {
  readonly class: 'metrics'
  readonly node: MetricsAggregate | MetricsArithmetic | MetricsStaged
  readonly at: number
}

/** The same piece between brackets that open at `at`. */
export function bracket(inner: Parsed, at: number): Parsed {
  switch (inner.class) {
    case 'spansets':
      return { ...inner, wrappable: true, at }
    case 'pipeline':
      return { ...inner, bracketed: true, at }
    case 'scalarFilter':
      return { class: 'pipeline', node: pipelineOf(inner), bracketed: true, at }
    default:
      return { ...inner, at }
  }
}

/** A pipeline with this piece as its only stage, or the piece itself when it is a pipeline. */
export function pipelineOf(piece: Exclude<Parsed, ParsedMetrics | { class: 'scalar' }>): Pipeline {
  switch (piece.class) {
    case 'pipeline':
      return piece.node
    case 'scalarFilter':
      return { kind: 'pipeline', stages: [piece.node], at: piece.at }
    case 'spansets':
      return {
        kind: 'pipeline',
        stages: [{ kind: 'spansets', expression: piece.node, at: piece.at }],
        at: piece.at,
      }
  }
}
