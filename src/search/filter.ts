import type { ColumnGroup, ColumnRef, ColumnSource, GroupNeed } from '../model/column-batch.ts'
import type { Predicate } from '../model/predicate.ts'
import { type BoundTests, bindTests, mayMatch } from './bound-tests.ts'
import { evaluate, loadOwners, type Owners } from './evaluate.ts'
import { type FilterPlan, planFilter } from './filter-plan.ts'
import type { Mask } from './kernels.ts'

/** A predicate on its way through one source: planned once, bound and evaluated per group. */
export class Filter {
  readonly plan: FilterPlan
  readonly #source: ColumnSource
  #owners: Owners | undefined
  readonly #bound = new Map<number, BoundTests>()

  constructor(source: ColumnSource, predicate: Predicate) {
    this.#source = source
    this.plan = planFilter(source, predicate)
  }

  get columns(): readonly ColumnRef[] {
    return this.plan.columns
  }

  get needs(): ReadonlySet<GroupNeed> {
    return this.plan.needs
  }

  /** Looks values up in the group's dictionaries; false when no row of the group can match. */
  async bind(group: number): Promise<boolean> {
    this.#owners ??= await loadOwners(this.#source, this.plan)
    const bound = await bindTests(this.#source, this.plan.root, group)
    this.#bound.set(group, bound)
    return mayMatch(this.#source, this.plan.root, bound, group)
  }

  /** Needs `bind` and the plan's columns loaded. */
  evaluate(index: number, group: ColumnGroup): Mask {
    return evaluate(this.plan.root, group, this.#bound.get(index)!, this.#owners!)
  }
}
