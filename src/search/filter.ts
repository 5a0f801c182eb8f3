import type { ColumnGroup, ColumnRef, GroupNeed } from '../model/column-batch.ts'
import type { Predicate } from '../model/predicate.ts'
import { type BoundTests, bindTests, mayMatch } from './bound-tests.ts'
import { evaluate, loadOwners, type Owners } from './evaluate.ts'
import { type FilterPlan, planFilter } from './filter-plan.ts'
import type { Mask } from './kernels.ts'
import { compareValuesIn } from './value/compute.ts'
import type { ReadContext } from './value/read.ts'

/** A predicate on its way through one source: planned once, bound and evaluated per group. */
export class Filter {
  readonly plan: FilterPlan
  readonly #context: ReadContext
  #owners: Owners | undefined
  readonly #bound = new Map<number, BoundTests>()

  constructor(context: ReadContext, predicate: Predicate) {
    this.#context = context
    this.plan = planFilter(context, predicate)
  }

  get columns(): readonly ColumnRef[] {
    return this.plan.columns
  }

  get needs(): ReadonlySet<GroupNeed> {
    return this.plan.needs
  }

  /** Looks values up in the group's dictionaries; false when no row of the group can match. */
  async bind(group: number): Promise<boolean> {
    const { source, pause } = this.#context
    this.#owners ??= await loadOwners(source, this.plan)
    const bound = await bindTests(source, this.plan.root, group, pause)
    this.#bound.set(group, bound)
    return mayMatch(source, this.plan.root, bound, group)
  }

  /** Needs `bind` and the plan's columns loaded. */
  async evaluate(index: number, group: ColumnGroup): Promise<Mask> {
    const { root } = this.plan
    const known = { bound: this.#bound.get(index)!, owners: this.#owners! }
    const values = await compareValuesIn({ context: this.#context, group, index, known }, root)
    return evaluate(root, group, { ...known, values, pause: this.#context.pause })
  }
}
