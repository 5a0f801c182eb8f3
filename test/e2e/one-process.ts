import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { ServerOptions } from '../tools/server.ts'

/** A server that runs everything on one address, as a small installation configures it. */

export interface OneProcess {
  readonly host: string
  readonly directory: string
  /** The section `storage.trace`, without `wal`. */
  readonly trace: Readonly<Record<string, unknown>>
  /** Sections that are added to the file, or replace those here. */
  readonly sections?: Readonly<Record<string, unknown>>
}

export function localTrace(directory: string): Record<string, unknown> {
  return { backend: 'local', local: { path: join(directory, 'blocks') } }
}

/** Writes the configuration file; what `startServer` takes. */
export async function oneProcess(options: OneProcess): Promise<ServerOptions> {
  const { host, directory, trace, sections } = options
  const file = join(directory, 'tempo.yaml')
  const document = {
    server: { http_listen_address: host, grpc_listen_address: host, log_format: 'logfmt' },
    distributor: {
      receivers: {
        otlp: {
          protocols: {
            grpc: { endpoint: `${host}:4317` },
            http: { endpoint: `${host}:4318` },
          },
        },
      },
    },
    storage: { trace: { ...trace, wal: { path: join(directory, 'wal') } } },
    ...sections,
  }
  await writeFile(file, stringify(document))
  return { host, args: [`-config.file=${file}`] }
}
