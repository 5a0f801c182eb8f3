import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A server under measurement: started as it is built, on loopback, with a directory of its own. */
export interface MeasuredServer {
  readonly http: string
  readonly otlpHttp: string
  readonly otlpGrpc: string
  /** User and system CPU seconds of the whole process so far. */
  cpuSeconds(): number
  peakRssMb(): number
  rssMb(): number
  stop(signal?: NodeJS.Signals): Promise<void>
}

const clockTicksPerSecond = 100
const host = '127.0.0.77'

export function benchDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'vivace-bench-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export async function startMeasured(directory: string, extraYaml = ''): Promise<MeasuredServer> {
  const config = join(directory, 'bench.yaml')
  writeFileSync(config, yaml(directory) + extraYaml)
  const built = new URL('../dist/tempo.js', import.meta.url).pathname
  if (!existsSync(built)) throw new Error('build first: npm run build')
  const child = spawn(process.execPath, [built, `-config.file=${config}`], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const http = `http://${host}:3200`
  await untilReady(http, child)
  const status = (field: string) => {
    const line = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      .split('\n')
      .find(l => l.startsWith(field))
    return Number(line?.split(/\s+/)[1] ?? 0) / 1024
  }
  return {
    http,
    otlpHttp: `http://${host}:4318/v1/traces`,
    otlpGrpc: `${host}:4317`,
    cpuSeconds() {
      const stat = readFileSync(`/proc/${child.pid}/stat`, 'latin1')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond
    },
    peakRssMb: () => status('VmHWM'),
    rssMb: () => status('VmRSS'),
    async stop(signal = 'SIGTERM') {
      const ended = new Promise(resolve => child.once('exit', resolve))
      child.kill(signal)
      await ended
    },
  }
}

function yaml(directory: string): string {
  return `server: {http_listen_address: ${host}, grpc_listen_address: ${host}, log_level: warn}
distributor: {receivers: {otlp: {protocols: {grpc: {endpoint: "${host}:4317"}, http: {endpoint: "${host}:4318"}}}}}
storage: {trace: {backend: local, local: {path: ${directory}/blocks}, wal: {path: ${directory}/wal}}}
overrides: {defaults: {ingestion: {rate_limit_bytes: 0, max_traces_per_user: 0}, global: {max_bytes_per_trace: 0}}}
query_frontend: {search: {max_duration: 0s}}
`
}

async function untilReady(http: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`)
    try {
      if ((await fetch(`${http}/ready`)).ok) return
    } catch {
      // Not listening yet.
    }
    await new Promise(resolve => setTimeout(resolve, 25))
  }
  throw new Error('the server did not become ready')
}
