import { createServer, get, type Server } from 'node:http'
import type { Clock } from '../base/clock.ts'
import { cannotListen } from '../net/http-server.ts'
import type { Member, MemberState, Members } from '../ring/members.ts'
import { placeText, resolvePlaces } from './resolve.ts'

/**
 * Members by DNS and direct questions: every few seconds each name of `join_members` is resolved
 * and every address asked who it is. There is no shared state that could go stale: who does not
 * answer is not there.
 */
export interface ClusterOptions {
  readonly clock: Clock
  /** `host` or `host:port`. */
  readonly joinMembers: readonly string[]
  readonly bindHost: string
  readonly port: number
  /** What this process says of itself; the host is filled in by who asks. */
  readonly self: {
    readonly instance: string
    readonly targets: readonly string[]
    readonly version: string
  }
  readonly grpcHost: string
  readonly grpcPort: number
}

const refreshMs = 2000
/** A member that has not answered for this long is gone. */
const goneMs = 15_000
const askTimeoutMs = 1500

interface Seen {
  readonly member: Member
  readonly atMs: number
}

interface Answer {
  readonly instance: string
  readonly targets: readonly string[]
  readonly state: MemberState
  readonly version: string
  readonly grpcHost: string
  readonly grpcPort: number
}

export class Cluster implements Members {
  readonly #options: ClusterOptions
  readonly #seen = new Map<string, Seen>()
  #state: MemberState = 'JOINING'
  #server: Server | undefined
  #cancel = () => {}
  #refreshing: Promise<void> | undefined

  constructor(options: ClusterOptions) {
    this.#options = options
  }

  async start(): Promise<void> {
    const { bindHost, port } = this.#options
    const server = createServer((_, response) => {
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify(this.#answer()))
    })
    await new Promise<void>((resolve, reject) => {
      const options = { host: bindHost, port, setting: 'memberlist.bind_port' }
      server.once('error', error => reject(cannotListen(error as NodeJS.ErrnoException, options)))
      server.listen({ host: bindHost || undefined, port }, resolve)
    })
    this.#server = server
    await this.refresh()
    this.#schedule()
  }

  setState(state: MemberState): void {
    this.#state = state
  }

  all(): readonly Member[] {
    const nowMs = this.#options.clock.monotonicMs()
    return [...this.#seen.values()]
      .filter(({ atMs }) => nowMs - atMs < goneMs)
      .map(({ member }) => member)
      .sort((a, b) => (a.instance < b.instance ? -1 : 1))
  }

  withTarget(target: string): readonly Member[] {
    return this.all().filter(({ targets }) => targets.includes(target) || targets.includes('all'))
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  async stop(): Promise<void> {
    this.#cancel()
    this.#server?.closeAllConnections()
    await new Promise<void>(resolve => {
      if (this.#server) this.#server.close(() => resolve())
      else resolve()
    })
  }

  #answer(): Answer {
    const { self, grpcHost, grpcPort } = this.#options
    return { ...self, state: this.#state, grpcHost, grpcPort }
  }

  #schedule(): void {
    this.#cancel = this.#options.clock.after(refreshMs, () => {
      void this.refresh().finally(() => this.#schedule())
    })
  }

  async #ask(): Promise<void> {
    const { joinMembers, port: ownPort } = this.#options
    const addresses = await resolvePlaces(joinMembers, ownPort)
    await Promise.all(
      addresses.map(async ({ host, port }) => {
        const answer = await askMember(host, port)
        if (!answer) return
        const { grpcHost, grpcPort, ...member } = answer
        // A process on all interfaces is reached at the address at which it answered.
        const isAnywhere = ['', '0.0.0.0', '::'].includes(grpcHost)
        const address = placeText({ host: isAnywhere ? host : grpcHost, port: grpcPort })
        this.#seen.set(answer.instance, {
          member: { ...member, address },
          atMs: this.#options.clock.monotonicMs(),
        })
      }),
    )
  }
}

function askMember(host: string, port: number): Promise<Answer | null> {
  return new Promise(resolve => {
    const request = get(
      { host, port, path: '/member', timeout: askTimeoutMs, agent: false },
      response => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(parseAnswer(Buffer.concat(chunks).toString())))
        response.on('error', () => resolve(null))
      },
    )
    request.on('timeout', () => request.destroy())
    request.on('error', () => resolve(null))
  })
}

function parseAnswer(text: string): Answer | null {
  try {
    const answer = JSON.parse(text) as Answer
    const isMember = typeof answer.instance === 'string' && Array.isArray(answer.targets)
    return isMember && typeof answer.grpcPort === 'number' ? answer : null
  } catch {
    return null
  }
}
