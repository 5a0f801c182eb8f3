import { fail } from '../base/errors.ts'

/**
 * Waiting work, taken from tenants in turn, so that one tenant's many queries do not delay
 * another's one. Bounded per tenant: a longer queue only adds latency.
 */
export class FairQueue<T> {
  readonly #perTenantMax: number
  readonly #queues = new Map<string, T[]>()

  constructor(perTenantMax: number) {
    this.#perTenantMax = perTenantMax
  }

  get length(): number {
    let length = 0
    for (const queue of this.#queues.values()) length += queue.length
    return length
  }

  /** Fails with OVERLOADED when the tenant has too much waiting already. */
  push(tenant: string, item: T): void {
    const queue = this.#queues.get(tenant)
    if (!queue) this.#queues.set(tenant, [item])
    else if (queue.length >= this.#perTenantMax) {
      throw fail('OVERLOADED', 'job queue full', { tenant, limit: this.#perTenantMax })
    } else queue.push(item)
  }

  /** Gives up an item's place, when it still has one. */
  remove(tenant: string, item: T): void {
    const queue = this.#queues.get(tenant) ?? []
    const at = queue.indexOf(item)
    if (at >= 0) queue.splice(at, 1)
    if (queue.length === 0) this.#queues.delete(tenant)
  }

  /** The first item of the tenant that has waited longest for its turn. */
  take(): T | undefined {
    const next = this.#queues.entries().next()
    if (next.done) return undefined
    const [tenant, queue] = next.value
    const item = queue.shift()
    // To the end of the line, or out of it.
    this.#queues.delete(tenant)
    if (queue.length > 0) this.#queues.set(tenant, queue)
    return item
  }
}
