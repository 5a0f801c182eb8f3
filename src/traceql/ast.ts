import type { AttributeScope } from '../model/predicate.ts'
import type { IntrinsicName } from './intrinsics.ts'

/**
 * The tree of a query: plain data that survives JSON. `at` is the offset of a node in the text of
 * the query in UTF-16 units (of its operator where it has one) and serves error messages only.
 *
 * Normal form: a logical node has two or more operands, and its first operand is never a logical
 * node with the same operator (`a && b && c` is one node). The tree is at most `nestingMax` deep.
 */
export interface ParsedQuery {
  /** The query as it was sent. */
  readonly text: string
  readonly body: SpansBody | MetricsBody
  readonly hints: readonly Hint[]
}

export interface SpansBody {
  readonly kind: 'spans'
  readonly pipeline: Pipeline
}

export interface MetricsBody {
  readonly kind: 'metrics'
  readonly expression: MetricsExpression
}

export interface Hint {
  readonly name: string
  readonly value: Static
}

// Literals and field expressions

export type StatusName = 'error' | 'ok' | 'unset'
export type KindName = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer'

/**
 * 64-bit numbers are decimal text; a duration is nanoseconds. In field expressions a number never
 * has a sign, except minInt; in scalar expressions and metrics the sign is part of the literal.
 */
export type StaticValue =
  | { readonly type: 'nil' }
  | { readonly type: 'int'; readonly value: string }
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'duration'; readonly value: string }
  | { readonly type: 'status'; readonly value: StatusName }
  | { readonly type: 'kind'; readonly value: KindName }

export type Static = { readonly kind: 'static'; readonly at: number } & StaticValue

/** `any` is the unscoped form. `parent.` is understood and then refused as not supported. */
export interface AttributeField {
  readonly kind: 'attribute'
  readonly parent: boolean
  readonly scope: AttributeScope | 'any'
  readonly key: string
  readonly at: number
}

export interface IntrinsicField {
  readonly kind: 'intrinsic'
  readonly name: IntrinsicName
  readonly at: number
}

export type Field = AttributeField | IntrinsicField

export type ComparisonOp = '=' | '!=' | '<' | '<=' | '>' | '>=' | '=~' | '!~'
export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '^'
export type LogicalOp = '&&' | '||'

export interface Unary {
  readonly kind: 'unary'
  readonly op: '-' | '!'
  readonly operand: FieldExpression
  readonly at: number
}

export interface Binary {
  readonly kind: 'binary'
  readonly op: ComparisonOp | ArithmeticOp
  readonly left: FieldExpression
  readonly right: FieldExpression
  readonly at: number
}

export interface Logical {
  readonly kind: 'logical'
  readonly op: LogicalOp
  readonly operands: readonly FieldExpression[]
  readonly at: number
}

export type FieldExpression = Static | Field | Unary | Binary | Logical

// Spansets and pipelines

export type Relation = '>' | '>>' | '<' | '<<' | '~'
export type StructuralOp = Relation | `!${Relation}` | `&${Relation}`

export interface SpansetFilter {
  readonly kind: 'filter'
  readonly condition: FieldExpression
  readonly at: number
}

export interface SpansetLogical {
  readonly kind: 'spansetLogical'
  readonly op: LogicalOp
  readonly operands: readonly SpansetExpression[]
  readonly at: number
}

export interface Structural {
  readonly kind: 'structural'
  readonly op: StructuralOp
  readonly left: SpansetExpression
  readonly right: SpansetExpression
  readonly at: number
}

/** A bracketed pipeline as an operand; its neighbours are then bracketed too. */
export interface WrappedPipeline {
  readonly kind: 'wrapped'
  readonly pipeline: Pipeline
  readonly at: number
}

export type SpansetExpression = SpansetFilter | SpansetLogical | Structural | WrappedPipeline

export interface Pipeline {
  readonly kind: 'pipeline'
  /** At least one. */
  readonly stages: readonly Stage[]
  readonly at: number
}

export type Stage =
  | { readonly kind: 'spansets'; readonly expression: SpansetExpression; readonly at: number }
  | ScalarFilter
  | { readonly kind: 'by'; readonly expression: FieldExpression; readonly at: number }
  | { readonly kind: 'coalesce'; readonly at: number }
  | { readonly kind: 'select'; readonly fields: readonly Field[]; readonly at: number }

export type ScalarOp = '=' | '!=' | '<' | '<=' | '>' | '>='

export interface ScalarFilter {
  readonly kind: 'scalarFilter'
  readonly op: ScalarOp
  readonly left: ScalarExpression
  readonly right: ScalarExpression
  readonly at: number
}

export type AggregateName = 'count' | 'avg' | 'max' | 'min' | 'sum'

export interface Aggregate {
  readonly kind: 'aggregate'
  readonly function: AggregateName
  /** Null for count. */
  readonly argument: FieldExpression | null
  readonly at: number
}

/** `({ … } | count())`: understood, and refused wherever it can stand. */
export interface ScalarPipeline {
  readonly kind: 'scalarPipeline'
  readonly pipeline: Pipeline
  readonly aggregate: Aggregate
  readonly at: number
}

export interface ScalarBinary {
  readonly kind: 'scalarBinary'
  readonly op: ArithmeticOp
  readonly left: ScalarExpression
  readonly right: ScalarExpression
  readonly at: number
}

export type ScalarExpression = Static | Aggregate | ScalarPipeline | ScalarBinary

// Metrics

export type OverTimeName =
  | 'min_over_time'
  | 'max_over_time'
  | 'avg_over_time'
  | 'sum_over_time'
  | 'histogram_over_time'

interface Grouped {
  /** Empty without `by`. */
  readonly by: readonly Field[]
  readonly at: number
}

export interface CountFunction extends Grouped {
  readonly function: 'rate' | 'count_over_time'
}

export interface OverTimeFunction extends Grouped {
  readonly function: OverTimeName
  readonly field: Field
}

export interface QuantileFunction extends Grouped {
  readonly function: 'quantile_over_time'
  readonly field: Field
  /** At least one. */
  readonly quantiles: readonly number[]
}

export interface CompareFunction extends Grouped {
  readonly function: 'compare'
  readonly selection: SpansetFilter
  /** Null when left out; decimal text. */
  readonly top: string | null
  /** Bounds of the selection, nanoseconds since 1970. */
  readonly range: { readonly startNs: string; readonly endNs: string } | null
}

export type MetricsFunction = CountFunction | OverTimeFunction | QuantileFunction | CompareFunction

export interface MetricsAggregate {
  readonly kind: 'metricsAggregate'
  readonly pipeline: Pipeline
  readonly function: MetricsFunction
  readonly at: number
}

/** At least one side is no scalar expression. */
export interface MetricsArithmetic {
  readonly kind: 'metricsArithmetic'
  readonly op: '+' | '-' | '*' | '/'
  readonly left: MetricsExpression | ScalarExpression
  readonly right: MetricsExpression | ScalarExpression
  readonly at: number
}

/** `input` is never itself staged. */
export interface MetricsStaged {
  readonly kind: 'metricsStaged'
  readonly input: MetricsAggregate | MetricsArithmetic
  /** At least one, left to right. */
  readonly stages: readonly MetricsStage[]
  readonly at: number
}

export type MetricsStage =
  | { readonly kind: 'topk' | 'bottomk'; readonly limit: string; readonly at: number }
  | {
      readonly kind: 'valueFilter'
      readonly op: ScalarOp
      readonly value: ScalarExpression
      readonly at: number
    }

export type MetricsExpression = MetricsAggregate | MetricsArithmetic | MetricsStaged
