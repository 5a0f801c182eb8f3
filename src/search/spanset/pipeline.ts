import { fail } from '../../base/errors.ts'
import type { ColumnGroup, ColumnRef, GroupNeed } from '../../model/column-batch.ts'
import type { Predicate, ValueExpression } from '../../model/predicate.ts'
import type { SpansetExpression, SpansetStage } from '../../model/spanset.ts'
import { bindTests } from '../bound-tests.ts'
import { loadOwners, type Owners } from '../evaluate.ts'
import { Filter } from '../filter.ts'
import { type FilterPlan, planValue, type ValueNode } from '../filter-plan.ts'
import { and, type Mask, markedRows, or } from '../kernels.ts'
import { type CodeReader, storedCodes } from '../value/code-reader.ts'
import { compareValuesIn, computeValue } from '../value/compute.ts'
import type { ReadContext } from '../value/read.ts'
import { firstPerRow, type ValueVector } from '../value/value-vector.ts'
import { filterByAggregate } from './aggregate.ts'
import { encodeGroups, type GroupCodes, groupBy, hasSplitTrace } from './group-by.ts'
import { keepSets, type Spansets, setsOf, ungrouped } from './spansets.ts'
import { structural } from './structural.ts'

/** A filter and the stages behind it on their way through one source. */
export class PipelineRun {
  readonly #context: ReadContext
  readonly #filter: Filter
  readonly #stages: readonly StageNode[]

  constructor(context: ReadContext, spans: Predicate, stages: readonly SpansetStage[]) {
    this.#context = context
    this.#filter = new Filter(context, spans)
    this.#stages = stages.map(stage => planStage(context, stage))
  }

  get columns(): ColumnRef[] {
    return this.#parts().flatMap(part => [...part.columns])
  }

  get needs(): GroupNeed[] {
    const needs = this.#parts().flatMap(part => [...part.needs])
    if (this.#stages.length > 0) needs.push('traceOfRow')
    if (structuralIn(this.#stages)) needs.push('tree')
    return needs
  }

  /** False when no row of the group can be left. */
  async bind(group: number): Promise<boolean> {
    if (!(await this.#filter.bind(group))) return false
    for (const stage of this.#stages) if (!(await stageMayLeave(stage, group))) return false
    return true
  }

  /** Needs `bind` and everything loaded. Fails with BAD_QUERY on what only shows with the data. */
  async evaluate(index: number, group: ColumnGroup): Promise<Spansets> {
    const mask = await this.#filter.evaluate(index, group)
    const place = { context: this.#context, group, index }
    let sets = ungrouped(mask, group)
    for (const stage of this.#stages) sets = await runStage(place, stage, sets)
    return sets
  }

  #parts(): readonly StagePart[] {
    return [this.#filter, ...this.#stages.flatMap(partsOf)]
  }
}

type ExpressionNode =
  | { readonly kind: 'filter'; readonly filter: Filter }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly ExpressionNode[] }
  | {
      readonly kind: 'structural'
      readonly expression: Extract<SpansetExpression, { kind: 'structural' }>
      readonly left: ExpressionNode
      readonly right: ExpressionNode
    }
  | { readonly kind: 'pipeline'; readonly stages: readonly StageNode[] }

type StageNode =
  | { readonly kind: 'spansets'; readonly expression: ExpressionNode }
  | {
      readonly kind: 'aggregate'
      readonly stage: Extract<SpansetStage, { kind: 'aggregate' }>
      readonly argument: ValuePart | null
    }
  | { readonly kind: 'by'; readonly value: ValuePart | CodeReader; readonly shownAs: string }
  | { readonly kind: 'coalesce' }

function planStage(context: ReadContext, stage: SpansetStage): StageNode {
  switch (stage.kind) {
    case 'spansets':
      return { kind: 'spansets', expression: planExpression(context, stage.expression) }
    case 'aggregate': {
      const argument =
        stage.argument === null ? null : new ValuePart(context, stage.argument, 'computation')
      return { kind: 'aggregate', stage, argument }
    }
    case 'by':
      return {
        kind: 'by',
        value: groupPart(context, stage.expression),
        shownAs: stage.shownAs,
      }
    case 'coalesce':
      return stage
  }
}

/** Recursion is bounded by the parser. */
function planExpression(context: ReadContext, expression: SpansetExpression): ExpressionNode {
  switch (expression.kind) {
    case 'filter':
      return { kind: 'filter', filter: new Filter(context, expression.spans) }
    case 'pipeline':
      return {
        kind: 'pipeline',
        stages: expression.stages.map(stage => planStage(context, stage)),
      }
    case 'structural':
      return {
        kind: 'structural',
        expression,
        left: planExpression(context, expression.left),
        right: planExpression(context, expression.right),
      }
    default:
      return {
        kind: expression.kind,
        parts: expression.parts.map(part => planExpression(context, part)),
      }
  }
}

/** The argument of an aggregate or of `by`. */
class ValuePart {
  readonly #context: ReadContext
  readonly #node: ValueNode
  readonly #plan: FilterPlan
  #owners: Owners | undefined

  constructor(
    context: ReadContext,
    expression: ValueExpression,
    purpose: 'computation' | 'grouping',
  ) {
    const { node, plan } = planValue(context, expression, purpose)
    this.#context = context
    this.#node = node
    this.#plan = plan
  }

  get columns(): readonly ColumnRef[] {
    return this.#plan.columns
  }

  get needs(): ReadonlySet<GroupNeed> {
    return this.#plan.needs
  }

  async read(index: number, group: ColumnGroup, mask: Mask): Promise<ValueVector> {
    const { source, pause } = this.#context
    this.#owners ??= await loadOwners(source, this.#plan)
    const bound = await bindTests(source, this.#plan.root, index, pause)
    const known = { bound, owners: this.#owners }
    const place = { context: this.#context, group, index, known, mask }
    const values = await compareValuesIn(place, this.#node)
    const computed = await computeValue({ ...place, known: { ...known, values } }, this.#node)
    return firstPerRow(computed, group.rows)
  }
}

/** Most groups are by something that is stored as codes. */
function groupPart(context: ReadContext, expression: ValueExpression): ValuePart | CodeReader {
  const isOperand = expression.kind === 'attribute' || expression.kind === 'intrinsic'
  const stored = isOperand ? storedCodes(context, expression) : null
  return stored ?? new ValuePart(context, expression, 'grouping')
}

/** What a stage reads. */
type StagePart = Filter | ValuePart | CodeReader

function partsOf(stage: StageNode): StagePart[] {
  switch (stage.kind) {
    case 'spansets':
      return expressionParts(stage.expression)
    case 'aggregate':
      return stage.argument ? [stage.argument] : []
    case 'by':
      return [stage.value]
    case 'coalesce':
      return []
  }
}

function expressionParts(node: ExpressionNode): StagePart[] {
  switch (node.kind) {
    case 'filter':
      return [node.filter]
    case 'pipeline':
      return node.stages.flatMap(partsOf)
    case 'structural':
      return [...expressionParts(node.left), ...expressionParts(node.right)]
    default:
      return node.parts.flatMap(expressionParts)
  }
}

function structuralIn(stages: readonly StageNode[]): boolean {
  const inExpression = (node: ExpressionNode): boolean => {
    if (node.kind === 'structural') return true
    if (node.kind === 'pipeline') return structuralIn(node.stages)
    return node.kind !== 'filter' && node.parts.some(inExpression)
  }
  return stages.some(stage => stage.kind === 'spansets' && inExpression(stage.expression))
}

/** Binds every filter of the stage; false when statistics prove that it leaves nothing. */
async function stageMayLeave(stage: StageNode, group: number): Promise<boolean> {
  return stage.kind === 'spansets' ? expressionMayLeave(stage.expression, group) : true
}

async function expressionMayLeave(node: ExpressionNode, group: number): Promise<boolean> {
  switch (node.kind) {
    case 'filter':
      return node.filter.bind(group)
    case 'pipeline': {
      let may = true
      for (const stage of node.stages) if (!(await stageMayLeave(stage, group))) may = false
      return may
    }
    case 'structural': {
      // Both: each has to be bound.
      const left = await expressionMayLeave(node.left, group)
      const right = await expressionMayLeave(node.right, group)
      return right && (left || node.expression.form === 'not')
    }
    default: {
      const may: boolean[] = []
      for (const part of node.parts) may.push(await expressionMayLeave(part, group))
      return node.kind === 'and' ? may.every(Boolean) : may.some(Boolean)
    }
  }
}

interface Place {
  readonly context: ReadContext
  readonly group: ColumnGroup
  readonly index: number
}

async function runStage(place: Place, stage: StageNode, sets: Spansets): Promise<Spansets> {
  const { group, index } = place
  await place.context.pause()
  switch (stage.kind) {
    case 'spansets': {
      const mask = await runExpression(place, stage.expression, sets)
      return { ...sets, mask }
    }
    case 'aggregate': {
      const argument = stage.argument && (await stage.argument.read(index, group, sets.mask))
      return filterByAggregate(stage.stage, sets, argument)
    }
    case 'by':
      return groupBy(sets, await codesOf(place, stage.value, sets.mask), stage.shownAs)
    case 'coalesce':
      return ungrouped(sets.mask, group)
  }
}

async function codesOf(
  { group, index }: Place,
  part: ValuePart | CodeReader,
  mask: Mask,
): Promise<GroupCodes> {
  const rows = markedRows(mask)
  if (part instanceof ValuePart) return encodeGroups(await part.read(index, group, mask), rows)
  const codes = await part.read(group, index, rows)
  return { rows, codes, values: part.values }
}

/** The rows that an expression leaves of the current sets. */
async function runExpression(place: Place, node: ExpressionNode, sets: Spansets): Promise<Mask> {
  await place.context.pause()
  switch (node.kind) {
    case 'filter': {
      const mask = await node.filter.evaluate(place.index, place.group)
      and(mask, sets.mask)
      return mask
    }
    case 'pipeline': {
      let current = sets
      for (const stage of node.stages) current = await runStage(place, stage, current)
      return current.mask
    }
    case 'structural': {
      const left = await runOperand(place, node.left, sets)
      const right = await runOperand(place, node.right, sets)
      const { relation, form } = node.expression
      return structural(relation, form, place.group.tree(), left, right, sets)
    }
    default:
      return runUnion(place, node.kind, node.parts, sets)
  }
}

async function runUnion(
  place: Place,
  op: 'and' | 'or',
  parts: readonly ExpressionNode[],
  sets: Spansets,
): Promise<Mask> {
  const union = new Uint8Array(sets.mask.length)
  const kept = new Uint8Array(sets.count).fill(1)
  for (const part of parts) {
    const mask = await runExpression(place, part, sets)
    if (op === 'and') and(kept, setsOf(mask, sets))
    or(union, mask)
  }
  if (op === 'and') keepSets(union, sets, kept)
  return union
}

/** A side of a structural operator: it must not leave several sets of one trace. */
async function runOperand(place: Place, node: ExpressionNode, sets: Spansets): Promise<Mask> {
  if (node.kind !== 'pipeline') return runExpression(place, node, sets)
  let current = sets
  for (const stage of node.stages) current = await runStage(place, stage, current)
  if (!sets.isGrouped && hasSplitTrace(current, place.group.traces)) {
    const what =
      'spanset operators are not supported for multiple spansets per trace. consider using coalesce()'
    throw fail('BAD_QUERY', what)
  }
  return current.mask
}
