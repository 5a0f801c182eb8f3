import { Agent, request as httpRequest } from 'node:http'
import * as grpc from '@grpc/grpc-js'
import { generate } from './generate.ts'
import { benchDirectory, type MeasuredServer, startMeasured } from './process.ts'

/** Spans accepted and synced, over HTTP and gRPC, 4 requests at a time. */

const connections = 4

export async function benchIngest(spans: number): Promise<void> {
  for (const protocol of ['http', 'grpc'] as const) {
    const directory = benchDirectory()
    try {
      const server = await startMeasured(directory.path)
      const idleMb = server.rssMb()
      const result = await load(server, protocol, spans, Date.now() - 3_600_000)
      console.log(
        `ingest over ${protocol}: ${Math.round(result.spans / result.seconds / 1000)} k spans/s, ${result.cpuPerMillion.toFixed(1)} CPU-s per 1 M spans, p50 ${result.p50Ms.toFixed(0)} ms, p99 ${result.p99Ms.toFixed(0)} ms, ${result.retries} retries, idle ${idleMb.toFixed(0)} MB, peak RSS ${server.peakRssMb().toFixed(0)} MB`,
      )
      await server.stop('SIGKILL')
    } finally {
      directory.remove()
    }
  }
}

interface LoadResult {
  readonly spans: number
  readonly seconds: number
  readonly cpuPerMillion: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly retries: number
}

export async function load(
  server: MeasuredServer,
  protocol: 'http' | 'grpc',
  spans: number,
  startMs: number,
): Promise<LoadResult> {
  const requests = generate({ spans, startMs, durationMs: 3_600_000 })
  const send = protocol === 'http' ? httpSender(server.otlpHttp) : grpcSender(server.otlpGrpc)
  const times: number[] = []
  let sent = 0
  let retries = 0
  const cpuBefore = server.cpuSeconds()
  const began = performance.now()
  const client = async () => {
    for (;;) {
      const next = requests.next()
      if (next.done) return
      const at = performance.now()
      while (!(await send(next.value.body))) {
        retries++
        await new Promise(resolve => setTimeout(resolve, 100))
      }
      times.push(performance.now() - at)
      sent += next.value.spans
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
  const seconds = (performance.now() - began) / 1000
  times.sort((a, b) => a - b)
  return {
    spans: sent,
    seconds,
    cpuPerMillion: ((server.cpuSeconds() - cpuBefore) / sent) * 1e6,
    p50Ms: times[Math.floor(times.length * 0.5)]!,
    p99Ms: times[Math.floor(times.length * 0.99)]!,
    retries,
  }
}

/** Each resolves to false when the server asked to try again. */
type Sender = (body: Uint8Array) => Promise<boolean>

function httpSender(url: string): Sender {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  return body =>
    new Promise((resolve, reject) => {
      const headers = { 'Content-Type': 'application/x-protobuf', 'Content-Length': body.length }
      const request = httpRequest(url, { method: 'POST', agent, headers }, response => {
        response.resume()
        response.on('end', () => {
          if (response.statusCode === 200) resolve(true)
          else if (response.statusCode === 429 || response.statusCode === 503) resolve(false)
          else reject(new Error(`status ${response.statusCode}`))
        })
      })
      request.on('error', reject)
      request.end(body)
    })
}

function grpcSender(address: string): Sender {
  const client = new grpc.Client(address, grpc.credentials.createInsecure())
  const pass = (bytes: Buffer) => bytes
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
  return body =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, pass, pass, Buffer.from(body), error => {
        if (!error) resolve(true)
        else if (
          error.code === grpc.status.RESOURCE_EXHAUSTED ||
          error.code === grpc.status.UNAVAILABLE
        )
          resolve(false)
        else reject(error)
      })
    })
}
