import type * as grpc from '@grpc/grpc-js'
import { asFailure, fail } from '../base/errors.ts'
import type { MetricsResult } from '../contract/queries.ts'
import { type JobRunner, type QueryJob, runnerGone } from '../contract/query-job.ts'
import {
  type CallClient,
  errorHead,
  errorOfHead,
  FrameReader,
  noBody,
  untilBad,
  writeFrames,
} from '../net/frame-call.ts'
import { rawBytes } from '../net/grpc-server.ts'
import { decodeMetricsLanes, encodeMetricsLanes } from './metrics-lanes.ts'

/**
 * Queriers pull: each opens streams to the frontend and takes one job at a time on each, because
 * network policies let queriers reach the frontend and not the other way round. A job goes down as
 * a head, its result comes up as a head and a body; the frontend cancels the stream to cancel a job.
 */
export const pullPath = '/vivace.Frontend/Pull'

export type PullStream = grpc.ServerDuplexStream<Buffer, Buffer>

/** Serves the streams of queriers; `connected` gets each as it opens. */
export function addPulls(server: grpc.Server, connected: (stream: PullStream) => void): void {
  const definition = {
    Pull: { path: pullPath, requestStream: true, responseStream: true, ...rawBytes },
  } as const
  server.addService(definition, { Pull: (stream: PullStream) => connected(stream) })
}

/** A querier's stream as a runner of the frontend's queue; `closed` is called when it is gone. */
export function remoteRunner(stream: PullStream, closed: () => void): JobRunner {
  let waiting: { resolve(value: unknown): void; reject(error: unknown): void } | undefined
  let isClosed = false
  const close = () => {
    if (isClosed) return
    isClosed = true
    closed()
    waiting?.reject(runnerGone())
  }
  const reader = new FrameReader((head, body) => {
    const failure = errorOfHead(head)
    if (failure) waiting?.reject(failure)
    else waiting?.resolve(withBody(head['value'], body))
    waiting = undefined
  })
  const refuse = () => {
    close()
    stream.end()
  }
  stream.on('data', untilBad(reader, refuse))
  stream.on('cancelled', close)
  stream.on('error', close)
  stream.on('end', close)
  return (job, signal) =>
    new Promise((resolve, reject) => {
      if (isClosed) return reject(runnerGone())
      const cancel = () => {
        reject(fail('CANCELED', 'the query was canceled by its client'))
        // The querier sees the end of the stream, stops, and opens another one.
        stream.end()
        close()
      }
      signal.addEventListener('abort', cancel, { once: true })
      const done = () => signal.removeEventListener('abort', cancel)
      waiting = {
        resolve: value => {
          done()
          resolve(value)
        },
        reject: error => {
          done()
          reject(error)
        },
      }
      void writeFrames(stream, { job }, noBody)
    })
}

/** Traces and lanes of metrics travel beside the JSON. */
function withBody(value: unknown, body: Uint8Array): unknown {
  const result = value as Record<string, unknown>
  const { hasTrace, lanesCells, ...rest } = result
  if (hasTrace !== undefined) return { ...rest, trace: hasTrace ? body : null }
  if (lanesCells === undefined) return result
  return { ...rest, lanes: decodeMetricsLanes(body, lanesCells as number) }
}

/**
 * Opens one stream to a frontend and runs its jobs until the stream ends. Rejects never; resolves
 * when the stream is gone. `stop` lets a job that runs finish.
 */
export function pullJobs(
  client: CallClient,
  run: JobRunner,
): { readonly ended: Promise<void>; stop(): void } {
  const stream = client.open(pullPath)
  const abort = new AbortController()
  const ended = new Promise<void>(resolve => {
    const finish = () => {
      abort.abort()
      resolve()
    }
    stream.on('error', finish)
    stream.on('end', () => {
      stream.end()
      finish()
    })
  })
  let running = 0
  let isStopping = false
  const reader = new FrameReader(head => {
    running++
    void answerJob(stream, run, head['job'] as QueryJob, abort.signal).finally(() => {
      running--
      if (isStopping && running === 0) stream.end()
    })
  })
  stream.on(
    'data',
    untilBad(reader, () => stream.cancel()),
  )
  return {
    ended,
    stop() {
      isStopping = true
      if (running === 0) stream.end()
    },
  }
}

function withoutBody(
  job: QueryJob,
  result: Record<string, unknown>,
): { value: Record<string, unknown>; body: Uint8Array } {
  if (job.method === 'traceById') {
    const { trace, ...rest } = result
    const body = trace instanceof Uint8Array ? trace : noBody
    return { value: { ...rest, hasTrace: trace !== null }, body }
  }
  if (!('lanes' in result)) return { value: result, body: noBody }
  const { lanes, ...rest } = result as unknown as MetricsResult
  const lanesCells = rest.series.length * rest.steps
  return { value: { ...rest, lanesCells }, body: encodeMetricsLanes(lanes) }
}

async function answerJob(
  stream: grpc.ClientDuplexStream<Buffer, Buffer>,
  run: JobRunner,
  job: QueryJob,
  signal: AbortSignal,
): Promise<void> {
  try {
    const result = (await run(job, signal)) as Record<string, unknown>
    if (signal.aborted) return
    const { value, body } = withoutBody(job, result)
    await writeFrames(stream, { value }, body)
  } catch (error) {
    if (!signal.aborted) await writeFrames(stream, errorHead(asFailure(error)), noBody)
  }
}
