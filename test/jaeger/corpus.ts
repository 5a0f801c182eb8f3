import { readFileSync } from 'node:fs'

/** The questions, Jaeger's answers, and the spans that they are about. */

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into before anything is known
export type Json = any

export interface CorpusRequest {
  readonly id: string
  readonly api: 'v1' | 'v3' | 'ui'
  readonly method: string
  /** `{us:N}`, `{ms:N}`, `{s:N}` and `{rfc:N}` stand for N microseconds after the base time. */
  readonly url: string
  /** How much of the answer is compared; `none` = for information only. */
  readonly check: 'full' | 'status' | 'error' | 'none'
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  /** Words that the message of an error holds. */
  readonly msg_has?: readonly string[]
  /** Services whose dependencies differ from run to run. */
  readonly drop_services?: readonly string[]
}

export interface CorpusAnswer {
  readonly id: string
  readonly status: number
  readonly type: string
  readonly body: unknown
}

function lines<T>(name: string): T[] {
  const text = readFileSync(new URL(`data/${name}`, import.meta.url), 'utf8')
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

export function corpusRequests(): CorpusRequest[] {
  return lines('requests.jsonl')
}

export function corpusAnswers(): Map<string, CorpusAnswer> {
  return new Map(lines<CorpusAnswer>('expected.jsonl').map(answer => [answer.id, answer]))
}

/** OTLP/JSON export requests; the stored ones lie around 1970. */
export function datasetRequests(baseSeconds: number): object[] {
  const baseNs = BigInt(baseSeconds) * 1_000_000_000n
  const path = new URL('data/dataset.jsonl', import.meta.url)
  const moved = readFileSync(path, 'utf8').replace(
    /("(?:start|end)?[tT]imeUnixNano":)"(\d+)"/g,
    (_all, name, ns) => `${name}"${BigInt(ns) + baseNs}"`,
  )
  return moved
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
}

/** A corpus URL with its times. */
export function fillTimes(url: string, baseSeconds: number): string {
  return url.replace(/\{(us|ms|s|rfc):(-?\d+)\}/g, (_all, unit, offset) => {
    const us = BigInt(baseSeconds) * 1_000_000n + BigInt(offset)
    if (unit === 'us') return String(us)
    if (unit === 'ms') return String(us / 1000n)
    if (unit === 's') return String(us / 1_000_000n)
    const seconds = new Date(Number(us / 1_000_000n) * 1000).toISOString().slice(0, 19)
    return encodeURIComponent(`${seconds}.${String(us % 1_000_000n).padStart(6, '0')}Z`)
  })
}
