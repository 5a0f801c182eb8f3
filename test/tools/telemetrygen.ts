import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { findOrBuild } from './program.ts'

const program = {
  name: 'telemetrygen',
  package: 'github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@v0.161.0',
}
const runTimeoutMs = 120_000
const run = promisify(execFile)

export interface TelemetrygenRun {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Sends telemetry, such as `['traces', '--otlp-insecure', '--traces=10']`. Fails with
 * MissingProgram when there is none, and with what it printed when it does not end with 0.
 */
export async function runTelemetrygen(args: readonly string[]): Promise<TelemetrygenRun> {
  const path = await findOrBuild(program)
  return run(path, [...args], { timeout: runTimeoutMs, maxBuffer: 16 * 1024 * 1024 })
}
