import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Secret } from '../base/secret.ts'
import { loadConfig } from './config/load.ts'
import { queryThreadCount, receivedSettings, sendableSettings } from './query-threads.ts'

const test = suite('query threads of a process')

const mebibyte = 1024 * 1024

function configOf(yaml: string, ...flags: string[]) {
  const argv = ['-config.file=/tempo.yaml', ...flags]
  const loaded = loadConfig(argv, { env: {}, readFile: () => yaml })
  assert.is(loaded.action, 'run')
  return loaded.config
}

const local = '{storage: {trace: {backend: local}}, vivace: {workers: -1}}'

test('only a querier of blocks that other threads can read has some', () => {
  const inMemory = configOf('{storage: {trace: {backend: memory}}, vivace: {workers: 4}}')
  assert.is(queryThreadCount(inMemory, 0), 0)
  assert.is(queryThreadCount(configOf(local, '-target=ingester'), 0), 0)
  assert.ok(queryThreadCount(configOf(local, '-target=querier'), 0) > 0)
})

test('their number is the setting, or what cores and memory allow', () => {
  const six = configOf('{storage: {trace: {backend: local}}, vivace: {workers: 6}}')
  assert.is(queryThreadCount(six, 200 * mebibyte), 6)
  const free = configOf(local)
  assert.is(queryThreadCount(free, 200 * mebibyte), 0)
  assert.is(queryThreadCount(free, 250 * mebibyte), 1)
  assert.ok(queryThreadCount(free, 0) <= 16)
})

test('settings of the store pass between threads with their secrets', () => {
  const s3 = '{backend: s3, s3: {bucket: b, endpoint: "h:1", secret_key: hidden}}'
  const { trace } = configOf(`{storage: {trace: ${s3}}}`).storage
  const received = receivedSettings(structuredClone(sendableSettings(trace)))
  assert.instance(received.s3.secretKey, Secret)
  assert.is(received.s3.secretKey.reveal(), 'hidden')
  assert.equal(JSON.stringify(received), JSON.stringify(trace))
})

test.run()
