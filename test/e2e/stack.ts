import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import type { S3Server } from '../tools/s3-server.ts'
import { loopback, Server } from '../tools/server.ts'

/**
 * The processes of a TempoStack as the operator starts them: one for each pod, with its arguments,
 * its environment and its file. Only what a cluster gives is replaced: see `replaced`.
 */

export const targets = [
  'distributor',
  'ingester',
  'querier',
  'query-frontend',
  'compactor',
] as const
export type StackTarget = (typeof targets)[number]
/** One of each target, and what a test adds to them. */
export type StackPod = StackTarget | 'second-querier'

/** Each pod has an address; all listen on the ports of their containers. */
const lastOfAddress: Record<StackPod, number> = {
  distributor: 11,
  ingester: 12,
  querier: 13,
  'query-frontend': 14,
  compactor: 15,
  'second-querier': 16,
}

/** GOMEMLIMIT of each container of a stack with 2 GiB, bytes. */
const memoryLimits: Record<StackTarget, number> = {
  distributor: 206_158_425,
  ingester: 858_993_459,
  querier: 257_698_048,
  'query-frontend': 42_949_673,
  compactor: 309_237_657,
}

export function hostOf(pod: StackPod): string {
  return loopback(lastOfAddress[pod])
}

function targetOf(pod: StackPod): StackTarget {
  return pod === 'second-querier' ? 'querier' : pod
}

type Replacement = readonly [path: string, value: unknown]

/** What differs from the operator's file: addresses to listen on, names of Services, the volume. */
function replaced(pod: StackPod, volume: string, s3Endpoint: string): Replacement[] {
  const host = hostOf(pod)
  const receivers = 'distributor.receivers'
  return [
    ['server.http_listen_address', host],
    ['server.grpc_listen_address', host],
    ['memberlist.bind_addr', [host]],
    ['memberlist.join_members', targets.map(hostOf)],
    [`${receivers}.otlp.protocols.grpc.endpoint`, `${host}:4317`],
    [`${receivers}.otlp.protocols.http.endpoint`, `${host}:4318`],
    [`${receivers}.jaeger.protocols.thrift_http.endpoint`, `${host}:14268`],
    [`${receivers}.jaeger.protocols.thrift_binary.endpoint`, `${host}:6832`],
    [`${receivers}.jaeger.protocols.thrift_compact.endpoint`, `${host}:6831`],
    [`${receivers}.jaeger.protocols.grpc.endpoint`, `${host}:14250`],
    [`${receivers}.zipkin.endpoint`, `${host}:9411`],
    ['querier.frontend_worker.frontend_address', `${hostOf('query-frontend')}:9095`],
    ['storage.trace.s3.endpoint', s3Endpoint.replace('http://', '')],
    ['storage.trace.wal.path', join(volume, 'wal')],
    ['storage.trace.local.path', join(volume, 'traces')],
    ['ingester.lifecycler.tokens_file_path', join(volume, 'tokens.json')],
  ]
}

export class Stack {
  readonly #directory: string
  readonly #s3: S3Server
  readonly #changes: Readonly<Record<string, unknown>>
  readonly #servers = new Map<StackPod, Server>()
  /** Everything that was printed by processes that have ended. */
  #printed = ''

  /** `changes` are settings that differ from the operator's in all files, by dotted path. */
  constructor(directory: string, s3: S3Server, changes: Readonly<Record<string, unknown>> = {}) {
    this.#directory = directory
    this.#s3 = s3
    this.#changes = changes
  }

  server(pod: StackPod): Server {
    const server = this.#servers.get(pod)
    if (!server) throw new Error(`${pod} was never started`)
    return server
  }

  /** Logs of all processes there were. */
  get printed(): string {
    return [...this.#servers.values()].reduce((text, { output }) => text + output, this.#printed)
  }

  /** The volume of a pod, /var/tempo. */
  volume(pod: StackPod): string {
    return join(this.#directory, pod)
  }

  /** Starts processes at the same time; resolves when all are ready. */
  async start(...wanted: readonly StackPod[]): Promise<void> {
    await Promise.all(
      wanted.map(async pod => {
        const before = this.#servers.get(pod)
        if (before) this.#printed += before.output
        const server = new Server({
          host: hostOf(pod),
          args: await this.#argumentsOf(pod),
          env: { GOMEMLIMIT: String(memoryLimits[targetOf(pod)]) },
        })
        this.#servers.set(pod, server)
        await server.ready()
      }),
    )
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(server => server.end('SIGKILL')))
  }

  /** As in the pod templates, in their order. */
  async #argumentsOf(pod: StackPod): Promise<string[]> {
    const target = targetOf(pod)
    const isFrontend = target === 'query-frontend'
    const name = isFrontend ? 'tempo-query-frontend.yaml' : 'tempo.yaml'
    const file = await this.#writeFile(pod, name)
    const { secretKey, accessKey } = this.#s3
    const store = [
      `--storage.trace.s3.secret_key=${secretKey}`,
      `--storage.trace.s3.access_key=${accessKey}`,
    ]
    return [
      `-target=${target}`,
      `-config.file=${file}`,
      ...(isFrontend ? ['-mem-ballast-size-mbs=1024'] : []),
      '-log.level=info',
      '-config.expand-env=true',
      ...(target === 'distributor' ? [] : store),
    ]
  }

  async #writeFile(pod: StackPod, name: string): Promise<string> {
    const written = await readFile(fileURLToPath(new URL(`data/${name}`, import.meta.url)), 'utf8')
    const document = parse(written) as Record<string, unknown>
    const volume = this.volume(pod)
    const changes = Object.entries(this.#changes)
    for (const [path, value] of [...replaced(pod, volume, this.#s3.endpoint), ...changes]) {
      setAt(document, path.split('.'), value)
    }
    await mkdir(volume, { recursive: true })
    const file = join(this.#directory, `${pod}.yaml`)
    await writeFile(file, stringify(document))
    return file
  }
}

function setAt(document: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let at = document
  for (const key of path.slice(0, -1)) at = (at[key] ??= {}) as Record<string, unknown>
  at[path.at(-1)!] = value
}
