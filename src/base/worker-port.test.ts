import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Failure, fail } from './errors.ts'
import { answerFailure, answerValue, drain, PortClient, type PortRequest } from './worker-port.ts'

const test = suite('calls over a port')

/** Both ends in one thread; closed when the test is over. */
async function withPorts(
  work: (client: PortClient, server: MessagePort) => Promise<void>,
): Promise<void> {
  const { port1, port2 } = new MessageChannel()
  try {
    await work(new PortClient(port1), port2)
  } finally {
    port1.close()
    port2.close()
  }
}

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  try {
    await work
  } catch (error) {
    assert.instance(error, Failure)
    return error as Failure
  }
  throw new Error('it did not fail')
}

test('answers find their calls, in whatever order they come', () =>
  withPorts(async (client, server) => {
    const waiting: PortRequest[] = []
    server.on('message', (request: PortRequest) => {
      waiting.push(request)
      if (waiting.length < 3) return
      for (const { id, argument } of waiting.reverse()) answerValue(server, id, [argument])
    })
    const calls = ['a', 'b', 'c'].map(argument => client.call<string[]>('echo', argument))
    assert.equal(await Promise.all(calls), [['a'], ['b'], ['c']])
  }))

test('undefined and null are answers too', () =>
  withPorts(async (client, server) => {
    server.on('message', ({ id, argument }: PortRequest) => answerValue(server, id, argument))
    assert.is(await client.call('echo', null), null)
    assert.is(await client.call('echo', undefined), undefined)
  }))

test('a failure crosses with its code, message and fields; a bug becomes INTERNAL', () =>
  withPorts(async (client, server) => {
    server.on('message', ({ id, argument }: PortRequest) => {
      const error =
        argument === 1 ? fail('DISK_FULL', 'no room', { path: '/data' }) : new TypeError('oops')
      answerFailure(server, id, error)
    })
    const full = await failureOf(client.call('x', 1))
    assert.is(full.code, 'DISK_FULL')
    assert.is(full.message, 'no room')
    assert.equal(full.fields, { path: '/data' })
    assert.is((await failureOf(client.call('x', 2))).code, 'INTERNAL')
  }))

test('buffers move, they are not copied', () =>
  withPorts(async (client, server) => {
    server.on('message', ({ id, argument }: PortRequest) => {
      const bytes = argument as Uint8Array<ArrayBuffer>
      answerValue(server, id, bytes, [bytes.buffer])
    })
    const bytes = new Uint8Array([1, 2, 3])
    const back = client.call<Uint8Array>('echo', bytes, [bytes.buffer])
    assert.is(bytes.length, 0)
    assert.equal([...(await back)], [1, 2, 3])
  }))

test('when the other side is gone everything that waits fails, and so does what comes later', () =>
  withPorts(async client => {
    const waiting = [client.call('x', 1), client.call('x', 2)]
    client.fail(fail('UNAVAILABLE', 'gone'))
    for (const call of [...waiting, client.call('x', 3)])
      assert.is((await failureOf(call)).message, 'gone')
  }))

test('what has arrived already is drained in order', () =>
  withPorts(async (client, server) => {
    const seen: unknown[][] = []
    server.on('message', (first: PortRequest) => {
      const together = [first, ...drain(server)]
      seen.push(together.map(({ argument }) => argument))
      for (const { id } of together) answerValue(server, id, null)
    })
    await Promise.all([1, 2, 3, 4, 5].map(number => client.call('x', number)))
    assert.equal(seen.flat(), [1, 2, 3, 4, 5])
    assert.ok(seen.length < 5, `${seen.length} turns for 5 calls`)
    assert.equal(drain(server), [])
  }))

test.run()
