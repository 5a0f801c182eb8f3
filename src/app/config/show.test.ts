import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { flagsOf } from '../../base/settings-flags.ts'
import { defaultsOf } from '../../base/settings-tree.ts'
import { commandLineSchema } from './command-line.ts'
import { configMarkdown } from './docs.ts'
import { loadConfig } from './load.ts'
import { configSchema } from './schema.ts'
import { helpText, referenceYaml, showConfig } from './show.ts'

const repository = (path: string) =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')

const load = (text: string, ...flags: string[]) =>
  loadConfig(['-config.file=c.yaml', ...flags], { env: {}, readFile: () => text })

const test = suite('configuration as text')

test('the generated pages are up to date', () => {
  const hint = 'run node scripts/generate-config-docs.ts'
  assert.is(repository('docs/config.md') === configMarkdown(), true, hint)
  assert.is(repository('config/reference.yaml') === referenceYaml(), true, hint)
})

test('the reference file loads and is the defaults', () => {
  const flags = ['-storage.trace.backend=memory', '-target=ingester']
  const { config } = load(repository('config/reference.yaml'), ...flags)
  const { config: bare } = load('', ...flags)
  const paths = { trace: { ...config.storage.trace } }
  assert.equal({ ...config, storage: paths }, bare)
})

test('the sample file loads', () => {
  const { config, warnings } = load(repository('config/sample.yaml'), '-config.expand-env')
  assert.equal(warnings, [])
  assert.is(config.storage.trace.s3.bucket, 'traces')
  assert.is(config.compactor.compaction.blockRetentionMs, 1_209_600_000)
})

test('secrets are never shown', () => {
  const loaded = load(
    'storage: {trace: {backend: s3, s3: {bucket: b, endpoint: e, secret_key: hush}}}',
    '-storage.trace.s3.access_key=quiet',
  )
  for (const mode of ['all', 'diff'] as const) {
    const shown = showConfig(loaded, mode)
    assert.not.match(shown, /hush|quiet/)
    assert.match(shown, /secret_key: "\*\*\*"/)
  }
  assert.not.match(JSON.stringify(loaded.config), /hush|quiet/)
})

test('all, defaults, and what differs with where it is set', () => {
  const loaded = load(
    'storage: {trace: {backend: memory}}\nserver: {http_listen_port: 1, log_level: info}\n' +
      'distributor: {receivers: {otlp: {protocols: {grpc: }}}}',
    '-memberlist.join=a',
  )
  const diff = showConfig(loaded, 'diff', true)
  assert.match(diff, /^server:\n {2}http_listen_port: 1 # file\n/)
  assert.match(diff, /\nmemberlist:\n {2}join_members: \[a\] # flag\n/)
  assert.match(diff, /\n {8}grpc:\n {10}endpoint: localhost:4317\n/)
  assert.not.match(diff, /log_level/)
  const all = showConfig(loaded, 'all')
  assert.match(all, /\n {2}log_level: info\n/)
  assert.match(showConfig(loaded, 'defaults'), /\n {2}http_listen_port: 3200\n/)
  const again = load(all)
  assert.is(showConfig(again, 'all'), all)
})

test('the help names every flag with its section and default', () => {
  const help = helpText()
  for (const name of flagsOf(commandLineSchema).keys()) {
    assert.ok(help.includes(`\n  -${name}`), name)
  }
  assert.match(help, /\ningester:\n/)
  assert.match(help, /-ingester\.max-block-duration duration\n {6}.* \(default 30m0s\)\n/)
})

test('the flags that start scripts use are there', () => {
  const names = flagsOf(commandLineSchema)
  const wanted =
    'config.file config.expand-env config.verify version help h target auth.enabled ' +
    'multitenancy.enabled http-api-prefix shutdown-delay log.level log.format ' +
    'server.http-listen-port server.grpc-listen-port memberlist.join memberlist.bind-port ' +
    'distributor.ingestion-rate-limit-bytes storage.trace.s3.secret_key storage.trace.backend ' +
    'storage.trace.s3.access_key storage.trace.azure.storage_account_name ' +
    'storage.trace.azure.storage_account_key storage.trace.wal.path storage.trace.local.path ' +
    'storage.trace.s3.bucket storage.trace.s3.endpoint querier.frontend-address'
  for (const name of wanted.split(' ')) assert.ok(names.has(name), name)
})

test('the defaults are made of the declared ones', () => {
  const { server, querier } = defaultsOf(configSchema)
  assert.is(server.grpcMaxRecvBytes, 16_777_216)
  assert.is(querier.traceById.queryTimeoutMs, 10_000)
})

test.run()
