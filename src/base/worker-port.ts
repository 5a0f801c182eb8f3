import { type MessagePort, receiveMessageOnPort, type Worker } from 'node:worker_threads'
import { asFailure, type ErrorCode, Failure } from './errors.ts'

/**
 * Calls over a message port: a request with a number, an answer with the same number. Failures
 * cross with code, message and fields. Buffers named in `transfer` move instead of being copied.
 */

export interface PortRequest {
  readonly id: number
  readonly method: string
  readonly argument: unknown
}

type PortAnswer =
  | { readonly id: number; readonly value: unknown }
  | {
      readonly id: number
      readonly code: ErrorCode
      readonly message: string
      readonly fields: Record<string, unknown>
    }

/** Asks the other side to give up the call with this number; it still answers. */
export const cancelMethod = 'cancel'

interface Waiting {
  resolve(value: unknown): void
  reject(error: unknown): void
}

export class PortClient {
  readonly #port: Worker | MessagePort
  readonly #waiting = new Map<number, Waiting>()
  #next = 0
  #closed: Failure | undefined

  constructor(port: Worker | MessagePort) {
    this.#port = port
    port.on('message', (answer: PortAnswer) => this.#receive(answer))
  }

  call<T>(method: string, argument: unknown, transfer: ArrayBuffer[] = []): Promise<T> {
    return this.#send<T>(this.#next++, method, argument, transfer)
  }

  /** A call that the other side is asked to give up when the signal says so. */
  async callUntil<T>(signal: AbortSignal, method: string, argument: unknown): Promise<T> {
    const id = this.#next++
    const cancel = () => this.#port.postMessage({ id, method: cancelMethod, argument: null })
    const answer = this.#send<T>(id, method, argument, [])
    signal.addEventListener('abort', cancel, { once: true })
    try {
      return await answer
    } finally {
      signal.removeEventListener('abort', cancel)
    }
  }

  /** Fails everything that waits, and every later call: the other side is gone. */
  fail(error: Failure): void {
    this.#closed = error
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }

  #send<T>(id: number, method: string, argument: unknown, transfer: ArrayBuffer[]): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closed)
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: value => resolve(value as T), reject })
      this.#port.postMessage({ id, method, argument }, transfer)
    })
  }

  #receive(answer: PortAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    if (!waiting) return
    this.#waiting.delete(answer.id)
    if ('value' in answer) waiting.resolve(answer.value)
    else waiting.reject(new Failure(answer.code, answer.message, answer.fields))
  }
}

export function answerValue(
  port: MessagePort,
  id: number,
  value: unknown,
  transfer: ArrayBuffer[] = [],
): void {
  port.postMessage({ id, value }, transfer)
}

export function answerFailure(port: MessagePort, id: number, error: unknown): void {
  const failure = asFailure(error)
  port.postMessage({
    id,
    code: failure.code,
    message: failure.message,
    fields: { ...failure.fields },
  })
}

/** Every request that has arrived already, without waiting: what arrives together is done together. */
export function drain(port: MessagePort): PortRequest[] {
  const requests: PortRequest[] = []
  for (;;) {
    const next = receiveMessageOnPort(port)
    if (!next) return requests
    requests.push(next.message as PortRequest)
  }
}
