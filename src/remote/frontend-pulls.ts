import { type Clock, sleep } from '../base/clock.ts'
import type { JobRunner } from '../contract/query-job.ts'
import { CallClient } from '../net/frame-call.ts'
import { pullJobs } from './query-pull.ts'
import { placeText, resolvePlaces } from './resolve.ts'

export interface FrontendPullsOptions {
  readonly clock: Clock
  /** `host:port`; the name may stand for several frontends. */
  readonly address: string
  /** Jobs that are taken at once from each frontend. */
  readonly streams: number
  readonly recvBytesMax: number
  readonly sendBytesMax: number
  readonly run: JobRunner
}

const defaultPort = 9095
const lookAgainMs = 2000
/** A stream that ended, or a frontend that is not there yet, is tried again after this. */
const reopenMs = 200

interface Connection {
  readonly client: CallClient
  /** False when the name does not stand for it any more: streams that end are not opened again. */
  isNamed: boolean
}

/** The querier's side of the queue: keeps streams open to every frontend and runs their jobs. */
export class FrontendPulls {
  readonly #options: FrontendPullsOptions
  readonly #connections = new Map<string, Connection>()
  readonly #pulls = new Set<ReturnType<typeof pullJobs>>()
  #isStopped = false

  constructor(options: FrontendPullsOptions) {
    this.#options = options
    void this.#watch()
  }

  /** Takes no more jobs; resolves when those that run are answered, or after `waitMs`. */
  async stop(waitMs: number): Promise<void> {
    this.#isStopped = true
    const ended = [...this.#pulls].map(pull => {
      pull.stop()
      return pull.ended
    })
    await Promise.race([Promise.all(ended), sleep(this.#options.clock, waitMs)])
    for (const { client } of this.#connections.values()) client.close()
  }

  async #watch(): Promise<void> {
    const { clock, address, streams } = this.#options
    while (!this.#isStopped) {
      const places = (await resolvePlaces([address], defaultPort)).map(placeText)
      for (const [place, connection] of this.#connections) {
        connection.isNamed = places.includes(place)
      }
      for (const place of this.#isStopped ? [] : places) {
        if (this.#connections.has(place)) continue
        const connection = { client: new CallClient(place, this.#options), isNamed: true }
        this.#connections.set(place, connection)
        const loops = Array.from({ length: streams }, () => this.#pull(connection))
        void Promise.all(loops).then(() => {
          connection.client.close()
          this.#connections.delete(place)
        })
      }
      await sleep(clock, lookAgainMs)
    }
  }

  async #pull(connection: Connection): Promise<void> {
    while (!this.#isStopped && connection.isNamed) {
      const pull = pullJobs(connection.client, this.#options.run)
      this.#pulls.add(pull)
      await pull.ended
      this.#pulls.delete(pull)
      await sleep(this.#options.clock, reopenMs)
    }
  }
}
