import { readFileSync } from 'node:fs'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { ConfigError } from '../../base/settings-problems.ts'
import { Overrides } from '../../overrides/limits.ts'
import { limitFallbacksOf } from './derive.ts'
import { loadConfig } from './load.ts'

const data = (name: string) => new URL(`../../../test/config/data/${name}`, import.meta.url)

interface Given {
  readonly files?: Readonly<Record<string, string>>
  readonly env?: Readonly<Record<string, string>>
}

function load(argv: readonly string[], { files = {}, env = {} }: Given = {}) {
  return loadConfig(argv, {
    env,
    readFile(path) {
      const text = files[path]
      if (text === undefined) throw new Error('no such file')
      return text
    },
  })
}

const fromText = (text: string, ...flags: string[]) =>
  load(['-config.file=c.yaml', ...flags], { files: { 'c.yaml': text } })

function problemsOf(run: () => unknown): string[] {
  try {
    run()
  } catch (error) {
    assert.instance(error, ConfigError)
    assert.is((error as ConfigError).exitCode, 2)
    return (error as Error).message.split('\n')
  }
  return []
}

const base =
  'storage: {trace: {backend: memory}}\ndistributor: {receivers: {otlp: {protocols: {grpc: }}}}\n'

const plain = suite('configuration without a file')

plain('is for one developer: local, on loopback, nothing refused', () => {
  const { config, warnings, action, file, originOf } = load([])
  assert.equal(warnings, [])
  assert.is(action, 'run')
  assert.is(file, undefined)
  assert.equal(config.targets, ['all'])
  assert.is(config.server.httpListenAddress, '127.0.0.1')
  assert.is(config.server.httpListenPort, 3200)
  assert.is(config.server.grpcListenAddress, '127.0.0.1')
  assert.is(config.server.grpcListenPort, 9095)
  const { otlp, zipkin } = config.distributor.receivers
  assert.is(otlp?.protocols.grpc?.endpoint, '127.0.0.1:4317')
  assert.is(otlp?.protocols.http?.endpoint, '127.0.0.1:4318')
  assert.is(zipkin, null)
  assert.is(config.storage.trace.backend, 'local')
  assert.is(config.storage.trace.local.path, 'tempo-data/blocks')
  assert.is(config.storage.trace.wal.path, 'tempo-data/wal')
  assert.is(config.overrides.defaults.ingestion.rateLimitBytes, 0)
  assert.is(config.overrides.defaults.ingestion.maxTracesPerUser, 0)
  assert.is(config.ingester.lifecycler.ring.replicationFactor, 1)
  assert.is(config.vivace.jaegerQuery.enabled, true)
  assert.is(config.vivace.jaegerQuery.httpListenPort, 16_686)
  assert.is(originOf('server.http_listen_address'), 'default')
})

plain('flags win', () => {
  const { config, originOf } = load(['-vivace.data-dir=/d', '--server.http-listen-address='])
  assert.is(config.server.httpListenAddress, '')
  assert.is(config.storage.trace.wal.path, '/d/wal')
  assert.is(originOf('vivace.data_dir'), 'flag')
})

plain.run()

const files = suite('configuration with a file')

files('has the defaults of Tempo where it says nothing', () => {
  const { config, warnings, originOf } = fromText(base)
  assert.equal(warnings, [])
  assert.is(config.server.httpListenAddress, '')
  assert.is(config.distributor.receivers.otlp?.protocols.grpc?.endpoint, 'localhost:4317')
  assert.is(config.distributor.receivers.otlp?.protocols.http, null)
  assert.is(config.overrides.defaults.ingestion.rateLimitBytes, 15_000_000)
  assert.is(config.queryFrontend.search.maxDurationMs, 604_800_000)
  assert.is(config.compactor.compaction.blockRetentionMs, 1_209_600_000)
  assert.is(config.storage.trace.wal.path, '/var/tempo/wal')
  assert.is(config.vivace.jaegerQuery.enabled, true)
  assert.is(originOf('storage.trace.backend'), 'file')
  assert.is(originOf('server.log_level'), 'default')
})

files('flags win over the file', () => {
  const { config, originOf } = fromText(
    `${base}server: {log_level: warn, http_listen_port: 1}`,
    '-log.level=debug',
  )
  assert.is(config.server.logLevel, 'debug')
  assert.is(config.server.httpListenPort, 1)
  assert.is(originOf('server.log_level'), 'flag')
})

files('the two directories follow from each other', () => {
  const paths = (trace: string, ...flags: string[]) => {
    const { storage } = fromText(`storage: {trace: {${trace}}}\ntarget: ingester`, ...flags).config
    return [storage.trace.local.path, storage.trace.wal.path]
  }
  assert.equal(paths('backend: local'), ['/var/tempo/blocks', '/var/tempo/wal'])
  assert.equal(paths('backend: local, local: {path: /a/b}'), ['/a/b', '/a/wal'])
  assert.equal(paths('backend: local, wal: {path: /a/w}'), ['/a/blocks', '/a/w'])
  assert.equal(paths('backend: local, local: {path: /b}'), ['/b', '/var/tempo/wal'])
  assert.equal(paths('backend: memory, local: {path: /a/b}'), ['/a/b', '/var/tempo/wal'])
  assert.equal(paths('backend: local, local: {path: x}, wal: {path: y}'), ['x', 'y'])
  assert.equal(paths('backend: local', '-vivace.data-dir=/d'), ['/d/blocks', '/d/wal'])
  assert.equal(paths('backend: local, wal: {path: /w}', '-vivace.data-dir=/d'), ['/d/blocks', '/w'])
})

files('the environment is used only when asked for', () => {
  const written = `\${ADDR:-none}`
  const text = `${base}memberlist: {advertise_addr: "${written}"}`
  const given = { files: { 'c.yaml': text }, env: { ADDR: '10.0.0.1' } }
  const address = (...flags: string[]) =>
    load(['-config.file=c.yaml', ...flags], given).config.memberlist.advertiseAddress
  assert.is(address(), written)
  assert.is(address('-config.expand-env=true'), '10.0.0.1')
  assert.is(address('--config.expand-env'), '10.0.0.1')
  assert.is(address('-config.expand-env', 'false'), written)
})

files('everything that is wrong is reported at once', () => {
  assert.equal(
    problemsOf(() =>
      fromText('distributor:\n  bogus_key: 1\nserver: {http_listen_port: x}', '-bogus'),
    ),
    [
      'c.yaml:2:3: field bogus_key not found in section "distributor"',
      'c.yaml:3:28: server.http_listen_port: "x" is not a whole number',
      'unknown flag -bogus; -help lists all flags',
    ],
  )
  assert.equal(
    problemsOf(() => load(['-config.file=none.yaml'])),
    ['none.yaml: cannot be read: no such file'],
  )
  assert.equal(
    problemsOf(() => load(['-config.expand-env', '-config.file=c'], { files: { c: 'a: ${x' } })),
    ['c:1:4: ${x is not a known form of substitution'],
  )
})

files('settings must fit each other', () => {
  const cases: [string, string][] = [
    ['target: all', 'c.yaml: storage.trace.backend: is not set; choose local, s3 or memory'],
    [
      'storage: {trace: {backend: s3, s3: {endpoint: x}}}',
      'c.yaml: storage.trace.s3.bucket: is needed by the backend s3',
    ],
    [
      `${base}server: {http_tls_config: {cert_file: a}}`,
      'c.yaml: server.http_tls_config: has a certificate without a key',
    ],
    [
      `${base}server: {grpc_tls_config: {cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert}}`,
      'c.yaml: server.grpc_tls_config: RequireAndVerifyClientCert needs client_ca_file',
    ],
    [
      'storage: {trace: {backend: memory}}\ndistributor: {receivers: {otlp: }}',
      'c.yaml: distributor.receivers.otlp.protocols: names no protocol to serve',
    ],
    [`${base}target: ""`, 'c.yaml:3:1: target: names nothing to run'],
  ]
  for (const [text, problem] of cases)
    assert.equal(
      problemsOf(() => fromText(text)),
      [problem],
    )
  assert.equal(
    problemsOf(() => fromText('target: distributor')),
    [],
  )
  assert.equal(
    problemsOf(() => fromText(`${base}target: ingestor`)),
    [
      'c.yaml:3:9: target: "ingestor" is not one of all, distributor, ingester, querier, ' +
        'query-frontend, compactor, metrics-generator, scalable-single-binary',
    ],
  )
  assert.match(
    problemsOf(() => fromText(base.replace('grpc: ', 'grpc: {endpoint: localhost}')))[0]!,
    /^c\.yaml:2:63: distributor\.receivers\.otlp\.protocols\.grpc\.endpoint: "localhost" has no port/,
  )
})

files('what works but not as expected is a warning', () => {
  const warnings = (text: string, ...flags: string[]) => fromText(text, ...flags).warnings
  assert.equal(warnings(base, '-target=scalable-single-binary'), [
    'target scalable-single-binary is run as all',
  ])
  assert.equal(fromText(base, '-target=scalable-single-binary').config.targets, ['all'])
  assert.equal(warnings(base, '-mem-ballast-size-mbs=1024', '-mutex-profile-fraction', '5'), [
    'flag -mem-ballast-size-mbs is obsolete and has no effect',
    'flag -mutex-profile-fraction is obsolete and has no effect',
  ])
  assert.equal(warnings(`${base}cache: {caches: []}`), [
    'c.yaml:3: cache has no effect: Blocks are cached in memory only.',
  ])
  assert.equal(warnings('storage: {trace: {backend: memory}}'), [
    'distributor.receivers names no receiver: no spans can be sent to this process',
  ])
  const old = fromText(base, '-auth.enabled')
  assert.is(old.config.multitenancyEnabled, true)
  assert.equal(old.warnings, ['auth_enabled is the old name of multitenancy_enabled'])
})

files('targets are a comma list', () => {
  assert.equal(fromText(base, '-target=ingester,querier').config.targets, ['ingester', 'querier'])
  assert.equal(fromText(`${base}target: [compactor]`).config.targets, ['compactor'])
})

files('what the command line asks for', () => {
  const action = (...argv: string[]) => load(argv, { files: { c: base } }).action
  assert.is(action('-config.file=c'), 'run')
  assert.is(action('-config.file=c', '-config.verify'), 'verify')
  assert.is(action('-config.file=c', '-config.verify=true'), 'verify')
  assert.is(action('-config.file=c', '-config.verify=false'), 'run')
  assert.is(action('-version'), 'version')
  assert.is(action('--version'), 'version')
  assert.is(action('-h'), 'help')
  assert.is(action('--help', '-bogus', '-config.file=absent'), 'help')
})

files('receivers: a key without a value is its defaults, and what is not served is said', () => {
  const { config, warnings } = fromText(
    [
      'target: distributor',
      'distributor:',
      '  receivers:',
      '    otlp:',
      '      protocols:',
      '        grpc: {max_recv_msg_size_mib: 16, include_metadata: true, keepalive: {}}',
      '        http:',
      '    zipkin: {cors: {allowed_origins: [https://*.example.org], allowed_headers: "A,B", max_age: 7}}',
      '    jaeger: {protocols: {thrift_http: {max_request_body_size: 1MiB, auth: {authenticator: x}}}}',
      '    kafka: {brokers: [b]}',
      '    opencensus:',
    ].join('\n'),
  )
  const { otlp, zipkin, jaeger } = config.distributor.receivers
  assert.is(otlp?.protocols.grpc?.maxRecvMib, 16)
  assert.is(otlp?.protocols.http?.endpoint, 'localhost:4318')
  assert.is(otlp?.protocols.http?.maxRequestBodyBytes, 20_971_520)
  assert.is(otlp?.protocols.http?.cors, null)
  assert.equal(zipkin?.cors, {
    allowedOrigins: ['https://*.example.org'],
    allowedHeaders: ['A', 'B'],
    maxAgeSeconds: 7,
  })
  assert.is(zipkin?.endpoint, 'localhost:9411')
  assert.is(jaeger?.protocols.thriftHttp?.maxRequestBodyBytes, 1_048_576)
  assert.is(jaeger?.protocols.grpc, null)
  assert.equal(
    warnings.map(warning => warning.replace(/: [A-Z].*/, '')),
    [
      'c.yaml:9: distributor.receivers.jaeger.protocols.thrift_http.auth has no effect',
      'c.yaml:10: distributor.receivers.kafka has no effect',
    ],
  )
})

files('limits are flat or in sections, never both', () => {
  const rateOf = (overrides: string) =>
    fromText(`${base}overrides: ${overrides}`).config.overrides.defaults.ingestion.rateLimitBytes
  assert.is(rateOf('{ingestion_rate_limit_bytes: 1}'), 1)
  assert.is(rateOf('{defaults: {ingestion: {rate_limit_bytes: 1}}}'), 1)
  assert.is(rateOf('{defaults: , ingestion_rate_limit_bytes: 1}'), 1)
  const mixed = '{block_retention: 1h, defaults: {ingestion: {rate_limit_bytes: 1}}}'
  assert.equal(
    problemsOf(() => rateOf(mixed)),
    [
      'c.yaml:3:13: block_retention is the flat form and defaults the scoped form: ' +
        'use one of them in "overrides"',
    ],
  )
  assert.is(
    fromText(base, '-distributor.ingestion-rate-limit-bytes=9').config.overrides.defaults.ingestion
      .rateLimitBytes,
    9,
  )
})

files.run()

const operator = suite('files as an operator writes them')

const stackArguments = (target: string, file: string) => [
  `-target=${target}`,
  `-config.file=/conf/${file}`,
  '-log.level=info',
  '-config.expand-env=true',
]
const s3Arguments = [
  '--storage.trace.s3.secret_key=hidden',
  '--storage.trace.s3.access_key=visible',
]

function loadFixture(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return loadConfig(argv, {
    env,
    readFile: path => readFileSync(data(path.replace('/conf/', '')), 'utf8'),
  })
}

operator('the simplest stack loads for each component, without a warning', () => {
  for (const target of ['ingester', 'querier', 'compactor', 'metrics-generator']) {
    const argv = [...stackArguments(target, 'stack-simplest.yaml'), ...s3Arguments]
    const { config, warnings } = loadFixture(argv)
    assert.equal(warnings, [], target)
    assert.equal(config.targets, [target])
    assert.is(config.storage.trace.s3.secretKey.reveal(), 'hidden')
    assert.is(config.storage.trace.s3.accessKey.reveal(), 'visible')
  }
  const { config, warnings } = loadFixture(stackArguments('distributor', 'stack-simplest.yaml'))
  assert.equal(warnings, [])
  assert.is(config.server.httpTls.clientAuth, 'RequireAndVerifyClientCert')
  assert.is(config.server.tlsMinVersion, 'VersionTLS13')
  assert.is(config.server.tlsCipherSuites.length, 3)
  assert.is(config.server.grpcMaxRecvBytes, 4_194_304)
  assert.is(config.internalServer.enabled, true)
  assert.is(config.internalServer.httpListenPort, 3101)
  assert.is(config.internalServer.httpTls.clientAuth, '')
  const { jaeger, zipkin, otlp } = config.distributor.receivers
  assert.is(jaeger?.protocols.thriftCompact?.endpoint, '0.0.0.0:6831')
  assert.is(jaeger?.protocols.thriftHttp?.endpoint, '0.0.0.0:14268')
  assert.is(zipkin?.endpoint, '0.0.0.0:9411')
  assert.is(otlp?.protocols.http?.endpoint, '0.0.0.0:4318')
  assert.equal(config.memberlist.joinMembers, ['tempo-simplest-gossip-ring'])
  assert.is(config.compactor.compaction.blockRetentionMs, 172_800_000)
  assert.is(config.ingester.maxBlockDurationMs, 600_000)
  assert.is(config.queryFrontend.search.maxSpansPerSpanSet, 0)
  assert.is(config.queryFrontend.search.maxDurationMs, 0)
  assert.is(config.queryFrontend.search.concurrentJobs, 2000)
  assert.is(config.querier.frontendWorker.grpcClient.tlsEnabled, true)
  assert.is(config.ingesterClient.grpcClient.tlsMinVersion, 'VersionTLS13')
  assert.is(config.storage.trace.wal.path, '/var/tempo/wal')
  assert.is(config.storage.trace.local.path, '/var/tempo/traces')
})

operator('the query-frontend has its own file and an obsolete flag', () => {
  const [target = '', file = '', ...rest] = stackArguments(
    'query-frontend',
    'stack-simplest-frontend.yaml',
  )
  const argv = [target, file, '-mem-ballast-size-mbs=1024', ...rest, ...s3Arguments]
  const { config, warnings } = loadFixture(argv)
  assert.equal(warnings, ['flag -mem-ballast-size-mbs is obsolete and has no effect'])
  assert.is(config.server.httpTls.certFile, '')
  assert.is(config.server.grpcTls.certFile, '/var/run/tls/server/tls.crt')
  assert.is(config.internalServer.enabled, false)
})

operator('the monolith runs everything, with and without gateway', () => {
  const argv = (file: string) => [
    `-config.file=/conf/${file}`,
    '-mem-ballast-size-mbs=1024',
    '-log.level=info',
    '-config.expand-env=true',
  ]
  const { config } = loadFixture(argv('monolithic-memory.yaml'))
  assert.equal(config.targets, ['all'])
  assert.is(config.storage.trace.backend, 'local')
  assert.is(config.internalServer.httpListenAddress, '0.0.0.0')
  const gateway = loadFixture(argv('monolithic-gateway-tls.yaml')).config
  assert.is(gateway.multitenancyEnabled, true)
  assert.is(gateway.server.readTimeoutMs, 90_000)
  assert.is(gateway.queryFrontend.mcpServer.enabled, true)
  const grpc = gateway.distributor.receivers.otlp?.protocols.grpc
  assert.equal(grpc?.tls?.cipherSuites, ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'])
  assert.is(grpc?.tls?.minVersion, '1.3')
})

operator('TLS of receivers and storage, addresses and zone from the environment', () => {
  const argv = [
    ...stackArguments('ingester', 'stack-receiver-and-storage-tls.yaml'),
    ...s3Arguments,
  ]
  const { config, warnings } = loadFixture(argv, {
    HASH_RING_INSTANCE_ADDR: 'fd00::1',
    INSTANCE_AVAILABILITY_ZONE: 'zone-a',
  })
  assert.equal(warnings, [])
  const { jaeger, zipkin } = config.distributor.receivers
  assert.equal(jaeger?.protocols.grpc?.tls, zipkin?.tls)
  assert.is(zipkin?.tls?.cipherSuites.length, 2)
  assert.is(config.ingester.lifecycler.address, 'fd00::1')
  assert.is(config.ingester.lifecycler.availabilityZone, 'zone-a')
  assert.is(config.ingester.lifecycler.ring.replicationFactor, 3)
  assert.is(config.ingester.lifecycler.ring.zoneAwarenessEnabled, true)
  assert.is(config.storage.trace.s3.tlsCaPath, '/var/run/tls/storage/ca/service-ca.crt')
  assert.is(config.storage.trace.s3.tlsMinVersion, 'VersionTLS12')
  assert.is(config.compactor.compaction.blockRetentionMs, 0)
  const without = loadFixture(argv)
  assert.is(without.config.ingester.lifecycler.availabilityZone, '')
})

operator('tenants, flat limits, generator and extra settings', () => {
  const argv = [...stackArguments('distributor', 'stack-multi-tenant.yaml'), ...s3Arguments]
  const { config, warnings } = loadFixture(argv)
  assert.equal(warnings, [])
  const overrides = new Overrides(config.overrides.defaults, limitFallbacksOf(config))
  const { ingestion, read, metricsGenerator } = overrides.limitsFor('anybody')
  assert.is(ingestion.burstSizeBytes, 100)
  assert.is(ingestion.rateLimitBytes, 200)
  assert.is(ingestion.maxTracesPerUser, 300)
  assert.is(ingestion.maxBytesPerTrace, 400)
  assert.is(read.maxBytesPerTagValuesQuery, 500)
  assert.is(read.maxSearchDurationMs, 86_400_000)
  assert.is(read.maxMetricsDurationMs, config.queryFrontend.metrics.maxDurationMs)
  assert.equal(metricsGenerator.processors, ['span-metrics', 'service-graphs', 'local-blocks'])
  assert.is(config.overrides.perTenantFile, '/conf/overrides.yaml')
  assert.is(config.overrides.perTenantPeriodMs, 10_000)
  assert.is(config.querier.search.queryTimeoutMs, 180_000)
  assert.is(config.queryFrontend.maxRetries, 3)
  assert.is(config.queryFrontend.search.maxResultLimit, 1000)
})

operator('Azure is read, and its absence is said', () => {
  const { config, warnings } = loadFixture([
    ...stackArguments('ingester', 'stack-azure.yaml'),
    '--storage.trace.azure.storage_account_name=me',
    '--storage.trace.azure.storage_account_key=hidden',
  ])
  assert.is(config.storage.trace.azure.storageAccountKey.reveal(), 'hidden')
  assert.equal(warnings, ['storage.trace.backend azure cannot be opened by this version'])
})

operator.run()
