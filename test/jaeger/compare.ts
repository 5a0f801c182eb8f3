import { type CorpusAnswer, type CorpusRequest, fillTimes, type Json } from './corpus.ts'
import { canonical, Normaliser } from './normalise.ts'

/** One question of the corpus asked of a server, and what is wrong with the answer. */

export type Send = (path: string, init: RequestInit) => Promise<Response>

export async function complaints(
  request: CorpusRequest,
  expected: CorpusAnswer,
  baseSeconds: number,
  send: Send,
): Promise<string[]> {
  const response = await send(fillTimes(request.url, baseSeconds), {
    method: request.method,
    ...(request.body === undefined ? {} : { body: request.body }),
    headers: { ...request.headers },
  })
  const text = await response.text()
  const found: string[] = []
  if (response.status !== expected.status) {
    found.push(`status ${response.status}, expected ${expected.status}`)
  }
  if (request.check === 'status') return found
  const body = parsed(text)
  if (request.check === 'error') return [...found, ...errorComplaints(request, expected, body)]
  const type = (response.headers.get('Content-Type') ?? '').split(';')[0]
  if (type !== expected.type) found.push(`content type ${type}, expected ${expected.type}`)
  const normaliser = new Normaliser(baseSeconds)
  const wanted = normaliser.body(expected.body, request)
  const difference = firstDifference(wanted, normaliser.body(body, request), '')
  if (difference !== undefined) found.push(difference)
  return found
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { _text: text.slice(0, 400) }
  }
}

interface ShownError {
  readonly code?: unknown
  readonly message?: string
}

function errorOf(body: Json): ShownError {
  const classic = body?.errors?.[0]
  if (classic !== undefined) return { code: classic.code, message: classic.msg ?? '' }
  const v3 = body?.error
  return v3 === undefined ? {} : { code: v3.httpCode, message: v3.message ?? '' }
}

function errorComplaints(request: CorpusRequest, expected: CorpusAnswer, body: unknown): string[] {
  const wanted = errorOf(expected.body)
  const got = errorOf(body)
  const found: string[] = []
  if (wanted.code !== undefined && wanted.code !== got.code) {
    found.push(`error code ${got.code} in the body, expected ${wanted.code}`)
  }
  if (wanted.message === undefined) return found
  if (!got.message) return [...found, `no error message; expected like: ${wanted.message}`]
  for (const word of request.msg_has ?? []) {
    if (!got.message.toLowerCase().includes(word.toLowerCase())) {
      found.push(`message "${got.message}" lacks "${word}"`)
    }
  }
  return found
}

/** Where two answers part, or undefined. */
function firstDifference(wanted: Json, got: Json, path: string): string | undefined {
  if (canonical(wanted) === canonical(got)) return undefined
  const bothObjects = [wanted, got].every(each => typeof each === 'object' && each !== null)
  if (bothObjects && Array.isArray(wanted) === Array.isArray(got)) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(got)])) {
      const difference = firstDifference(wanted[key], got[key], `${path}/${key}`)
      if (difference !== undefined) return difference
    }
  }
  const show = (value: unknown): string => (canonical(value) ?? 'nothing').slice(0, 300)
  return `${path || '/'}: ${show(got)}, expected ${show(wanted)}`
}
