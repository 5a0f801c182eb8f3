import { Failure } from '../../base/errors.ts'
import type { ObjectStore } from './object-store.ts'

/** What a probe needs of a store. */
export type ProbedStore = Pick<ObjectStore, 'putIfAbsent' | 'get' | 'delete'>

/** Callers that race for one key. A store that decides before it writes lets several through. */
const racers = 4

/**
 * Tries whether conditional puts hold: a second put is refused and changes nothing, and of several
 * at once one succeeds. False also when the store refuses the condition itself. `nonce` makes the
 * keys unique among processes.
 */
export async function probeConditionalPut(store: ProbedStore, nonce: string): Promise<boolean> {
  const key = `_vivace/probe/${nonce}`
  const raced = `_vivace/probe/${nonce}-raced`
  try {
    const first = await store.putIfAbsent(key, Buffer.from('first'))
    const second = await store.putIfAbsent(key, Buffer.from('second'))
    const kept = Buffer.from(await store.get(key)).toString()
    const bodies = Array.from({ length: racers }, (_, i) => Buffer.from(`racer ${i}`))
    const races = await Promise.all(bodies.map(body => store.putIfAbsent(raced, body)))
    const winners = races.filter(Boolean).length
    return first && !second && kept === 'first' && winners === 1
  } catch (error) {
    if (error instanceof Failure && error.code === 'UNIMPLEMENTED') return false
    throw error
  } finally {
    await Promise.allSettled([store.delete(key), store.delete(raced)])
  }
}
