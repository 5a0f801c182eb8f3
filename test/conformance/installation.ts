import { setTimeout as pause } from 'node:timers/promises'
import * as assert from 'uvu/assert'
import type { Server } from '../tools/server.ts'
import { call, metricSum } from '../tools/tempo-api.ts'
import type { Json } from './corpus.ts'
import type { Ask } from './replay.ts'

/** Running processes; in a single one all three are the same. */
export interface Installation {
  /** Of the OTLP receiver. */
  readonly host: string
  readonly ingester: Server
  readonly querier: Server
  readonly frontend: Server
}

const waitMsMax = 90_000

export function askOf({ frontend }: Installation, tenant: string): Ask {
  const headers = { 'X-Scope-OrgID': tenant }
  return url => fetch(`${frontend.url}${url}`, { headers })
}

/** Sends OTLP/JSON as exporters do, one request after the other. */
export async function send(
  { host }: Installation,
  tenant: string,
  requests: readonly Json[],
): Promise<void> {
  for (const request of requests) {
    const { status, body } = await call(`http://${host}:4318/v1/traces`, {
      ...{ method: 'POST', tenant, body: JSON.stringify(request) },
      headers: { 'Content-Type': 'application/json' },
    })
    assert.is(status, 200, body.toString())
  }
}

export async function flush({ ingester }: Installation, tenant: string): Promise<void> {
  const { status, body } = await call(`${ingester.url}/flush?tenant=${tenant}`)
  assert.is(status, 204, body.toString())
}

/** Waits until the sum of a metric, or of those of its series that begin so, has the value. */
export async function untilMetric(server: Server, series: string, value: number): Promise<void> {
  let found = Number.NaN
  for (const startMs = performance.now(); performance.now() - startMs < waitMsMax; ) {
    found = await metricSum(server, series)
    if (found === value) return
    await pause(100)
  }
  assert.unreachable(`${series} is ${found} and not ${value}\n${server.output}`)
}
