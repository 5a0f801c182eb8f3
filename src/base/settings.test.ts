import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import {
  bool,
  bytes,
  duration,
  float,
  group,
  ignored,
  int,
  list,
  mapOf,
  oneOf,
  optionalGroup,
  port,
  secret,
  text,
} from './settings.ts'
import { flagsOf, readFlags } from './settings-flags.ts'
import { nearest, printProblem } from './settings-problems.ts'
import { renderYaml } from './settings-render.ts'
import { copyValues, defaultsOf, setValueAt, valueAt } from './settings-tree.ts'
import type { ValuesOf } from './settings-types.ts'
import { readYaml } from './settings-yaml.ts'

const limits = group({
  yaml: 'limits',
  help: 'Limits.',
  flat: 'defaults',
  fields: {
    defaults: group({
      yaml: 'defaults',
      help: 'Defaults.',
      fields: {
        write: group({
          yaml: 'write',
          help: 'Writes.',
          fields: {
            rateBytes: bytes({
              yaml: 'rate_bytes',
              flatKey: 'write_rate_bytes',
              default: 10,
              help: 'Rate.',
            }),
          },
        }),
      },
    }),
    period: duration({ yaml: 'period', default: '10s', help: 'Period.' }),
  },
})

const schema = group({
  yaml: '',
  help: 'Test.',
  fields: {
    kinds: list({ yaml: 'kind', values: ['all', 'one'], default: ['all'], help: 'Kinds.' }),
    server: group({
      yaml: 'server',
      help: 'The server.',
      fields: {
        port: port({ yaml: 'http_listen_port', default: 3200, help: 'Port.' }),
        level: oneOf({
          yaml: 'log_level',
          flag: 'log.level',
          values: ['info', 'warn'],
          default: 'info',
          help: 'Level.',
        }),
        idleMs: duration({ yaml: 'idle_timeout', default: '2m', help: 'Idle.' }),
        on: bool({ yaml: 'on_air', default: false, help: 'On.' }),
        key: secret({ yaml: 'key', help: 'Key.' }),
        share: float({ yaml: 'share', default: 0.5, max: 1, help: 'Share.' }),
        count: int({ yaml: 'count', default: null, help: 'Count.' }),
        name: text({ yaml: 'name', default: '', help: 'Name.' }),
        unused: ignored({ keys: ['go_tuning'], help: 'Go only.' }),
        missing: ignored({ keys: ['proxy'], help: 'There is no proxy.', warn: true }),
        tls: optionalGroup({
          yaml: 'tls',
          help: 'TLS.',
          fields: { suites: list({ yaml: 'suites', default: [], help: 'Suites.' }) },
        }),
      },
    }),
    tags: mapOf({
      yaml: 'tags',
      help: 'Tags.',
      of: text({ yaml: 'tag', default: '', help: 'Tag.' }),
    }),
    limits,
  },
})

type Values = ValuesOf<typeof schema.fields>
const readText = (yaml: string) => readYaml(schema, yaml, 'c.yaml')
const problemsOf = (yaml: string) => readText(yaml).problems.map(printProblem)

const yaml = suite('settings from YAML')

yaml('an empty text gives the defaults', () => {
  for (const source of ['', '# nothing\n', 'server:\n', '---\n']) {
    const { values, problems } = readText(source)
    assert.equal(problems, [], source)
    assert.is(values.server.port, 3200)
    assert.is(values.server.idleMs, 120_000)
    assert.is(values.server.tls, null)
    assert.is(values.server.count, null)
  }
})

yaml('values are typed by their setting', () => {
  const { values, problems, given } = readText(
    [
      'kind: all, one',
      'server: {http_listen_port: "1", on_air: yes, idle_timeout: 1000000, name: 0123, count: 4}',
      'tags: {1: a, yes: "no"}',
    ].join('\n'),
  )
  assert.equal(problems, [])
  const { server }: Values = values
  assert.equal(values.kinds, ['all', 'one'])
  assert.is(server.port, 1)
  assert.is(server.on, true)
  assert.is(server.idleMs, 1)
  assert.is(server.name, '0123')
  assert.is(server.count, 4)
  assert.equal(
    [...values.tags],
    [
      ['1', 'a'],
      ['yes', 'no'],
    ],
  )
  assert.equal(given.get('server.http_listen_port'), { line: 2, column: 10 })
  assert.not(given.has('server.key'))
})

yaml('an optional section is there as soon as its key is', () => {
  assert.equal(readText('server:\n  tls:\n').values.server.tls, { suites: [] })
  assert.equal(readText('server: {tls: {suites: a}}').values.server.tls, { suites: ['a'] })
  assert.equal(readText('server: {tls: {suites: [a, b]}}').values.server.tls, {
    suites: ['a', 'b'],
  })
})

yaml('an unknown key is named with its place and what was probably meant', () => {
  assert.equal(problemsOf('server:\n  http_listn_port: 1\n  bogus: 2\nserver2: {}'), [
    'c.yaml:2:3: field http_listn_port not found in section "server" ' +
      '(did you mean "http_listen_port"?)',
    'c.yaml:3:3: field bogus not found in section "server"',
    'c.yaml:4:1: field server2 not found at the top level (did you mean "server"?)',
  ])
  assert.equal(problemsOf('log_level: info'), [
    'c.yaml:1:1: field log_level not found at the top level ' +
      '(did you mean "server.log_level"?)',
  ])
})

yaml('every wrong value is reported', () => {
  assert.equal(
    problemsOf(
      'server:\n  http_listen_port: 70000\n  log_level: loud\n  share: 2\n  on_air: []\n  tls: 5\n' +
        '  idle_timeout: {}\ntags: [a]',
    ),
    [
      'c.yaml:2:21: server.http_listen_port: 70000 is more than 65535',
      'c.yaml:3:14: server.log_level: "loud" is not one of info, warn',
      'c.yaml:4:10: server.share: 2 is more than 1',
      'c.yaml:5:11: server.on_air: expected bool, found a list',
      'c.yaml:6:8: "server.tls" must be a section, found a single value',
      'c.yaml:7:17: server.idle_timeout: expected duration, found a section',
      'c.yaml:8:7: "tags" must be a section, found a list',
    ],
  )
  assert.equal(problemsOf('- a'), ['c.yaml:1:1: the file must be a section, found a list'])
})

yaml('broken YAML, keys given twice and endless nesting are problems, not crashes', () => {
  assert.match(problemsOf('server: [')[0]!, /^c\.yaml:1:10: not YAML: /)
  assert.equal(problemsOf('server: {}\nserver: {}'), [
    'c.yaml:2:1: the same key is given twice in one section',
  ])
  assert.equal(problemsOf('a: 1\n---\nb: 2').length, 1)
  for (const deep of ['[', '{a: [', '- ', '? ']) {
    assert.equal(problemsOf(deep.repeat(100_000)), ['c.yaml: the file is nested too deeply'])
  }
})

yaml('anchors and merge keys are followed, own keys win, circles end', () => {
  const merged = readText(
    'server: &s {http_listen_port: 1, name: a}\ntags:\n  <<: {x: 1, y: 2}\n  y: 3\n',
  )
  assert.equal(merged.problems, [])
  assert.equal(Object.fromEntries(merged.values.tags), { y: '3', x: '1' })
  const aliased = readText('server: {tls: {suites: &s [a, b]}}\nkind: *s')
  assert.is(printProblem(aliased.problems[0]!), 'c.yaml:1:27: kind: "a" is not one of all, one')
  assert.equal(readText('tags: &t\n  <<: *t\n  a: 1').values.tags.get('a'), '1')
})

yaml('ignored keys take anything, and warn when something was expected of them', () => {
  const { problems, warnings } = readText(
    'server:\n  go_tuning: {a: [{b: c}]}\n  proxy: {host: x}\n',
  )
  assert.equal(problems, [])
  assert.equal(warnings, ['c.yaml:3: server.proxy has no effect: There is no proxy.'])
  assert.equal(readText('server: {proxy: }').warnings, [])
})

yaml('the flat and the scoped form of a section are the same, and are not mixed', () => {
  const flat = readText('limits: {write_rate_bytes: 5, period: 1s}')
  const scoped = readText('limits: {defaults: {write: {rate_bytes: 5}}, period: 1s}')
  assert.equal(flat.problems, [])
  assert.equal(flat.values.limits, scoped.values.limits)
  assert.equal([...flat.given.keys()].sort(), [...scoped.given.keys()].sort())
  assert.equal(problemsOf('limits:\n  write_rate_bytes: 5\n  defaults: {write: {}}'), [
    'c.yaml:2:3: write_rate_bytes is the flat form and defaults the scoped form: ' +
      'use one of them in "limits"',
  ])
  assert.equal(problemsOf('limits:\n  write_rate_bytes: 5\n  defaults:'), [])
})

yaml('keys like __proto__ are keys', () => {
  const { values } = readText('tags: {__proto__: x, constructor: y}')
  assert.is(values.tags.get('__proto__'), 'x')
  assert.equal(problemsOf('__proto__: {a: 1}'), [
    'c.yaml:1:1: field __proto__ not found at the top level',
  ])
})

yaml.run()

const flags = suite('settings from flags')

function parse(...argv: string[]) {
  const values = defaultsOf(schema)
  return { values, ...readFlags(schema, argv, values, [{ name: 'ballast', bare: false }]) }
}

flags('names follow the path, with dashes, unless said otherwise', () => {
  const names = [...flagsOf(schema).keys()]
  for (const name of [
    'kind',
    'server.http-listen-port',
    'log.level',
    'limits.defaults.write.rate-bytes',
  ]) {
    assert.ok(names.includes(name), name)
  }
  assert.not(names.some(name => name.startsWith('server.tls')))
})

flags('one or two dashes, = or space, bare booleans', () => {
  const { values, problems, given } = parse(
    '-server.http-listen-port=1',
    '--log.level',
    'warn',
    '-server.on-air',
    '--server.name=a=b',
    '-server.idle-timeout',
    '-1s',
  )
  assert.equal(
    problems.map(it => it.text),
    ['flag -server.idle-timeout: -1s is less than 0s'],
  )
  assert.is(values.server.port, 1)
  assert.is(values.server.level, 'warn')
  assert.is(values.server.on, true)
  assert.is(values.server.name, 'a=b')
  assert.ok(given.has('server.http_listen_port'))
  assert.is(parse('-server.on-air', 'false').values.server.on, false)
  assert.is(parse('-server.on-air=false').values.server.on, false)
})

flags('a repeated flag replaces, a repeated list is joined', () => {
  assert.is(parse('-server.name=a', '-server.name=b').values.server.name, 'b')
  assert.equal(parse('-kind=one', '-kind=all').values.kinds, ['one', 'all'])
})

flags('all mistakes are reported', () => {
  const { problems } = parse(
    '-server.http_listen_port=1',
    '-server.nam=x',
    '-nonsense',
    'stray',
    '---x',
    '-',
    '-kind=two',
    '-server.name',
  )
  assert.equal(problems.map(printProblem), [
    'unknown flag -server.http_listen_port (did you mean -server.http-listen-port?); ' +
      '-help lists all flags',
    'unknown flag -server.nam (did you mean -server.name?); -help lists all flags',
    'unknown flag -nonsense; -help lists all flags',
    'unexpected argument "---x"; settings are given as -name=value',
    'unexpected argument "-"; settings are given as -name=value',
    'flag -server.name needs a value',
    'flag -kind: "two" is not one of all, one',
  ])
  assert.equal(parse('stray').problems.map(printProblem), [
    'unexpected argument "stray"; settings are given as -name=value',
  ])
})

flags('obsolete and ignored flags are accepted with one warning', () => {
  const { problems, warnings } = parse('-ballast', '1024', '--ballast=2', '-server.go-tuning.x=1')
  assert.equal(problems, [])
  assert.equal(warnings, [
    'flag -ballast is obsolete and has no effect',
    'flag -server.go-tuning.x has no effect',
  ])
})

flags.run()

const rest = suite('settings as text')

rest('what is rendered is read back, secrets are hidden', () => {
  const { values } = readText(
    'server: {key: hush, name: "on", tls: {suites: [a, "1.3"]}}\ntags: {a: "x: y", b: ""}',
  )
  const rendered = renderYaml(schema, values)
  assert.match(rendered, /key: "\*\*\*"/)
  assert.not.match(rendered, /hush/)
  assert.not.match(JSON.stringify(values), /hush/)
  const again = readText(rendered.replace('"***"', 'hush'))
  assert.equal(again.problems, [])
  assert.is(renderYaml(schema, again.values), rendered)
})

rest('the comments of absent sections become settings when the marks are taken away', () => {
  const rendered = renderYaml(schema, defaultsOf(schema), { comments: true })
  assert.match(rendered, / {2}# tls:\n {2}# {3}# Suites\.\n {2}# {3}suites: \[\]/)
  assert.equal(problemsOf(rendered), [])
})

rest('keep chooses, empty sections vanish, notes are behind', () => {
  const rendered = renderYaml(schema, defaultsOf(schema), {
    keep: path => path === 'limits.period',
    note: () => 'flag',
  })
  assert.is(rendered, 'limits:\n  period: 10s # flag\n')
  assert.is(renderYaml(schema, defaultsOf(schema), { keep: () => false }), '{}\n')
})

rest('copies do not share sections', () => {
  const values = defaultsOf(schema)
  const copy = copyValues(schema, values)
  setValueAt(copy, ['limits', 'defaults', 'write', 'rateBytes'], 99)
  assert.is(valueAt(copy, ['limits', 'defaults', 'write', 'rateBytes']), 99)
  assert.is(values.limits.defaults.write.rateBytes, 10)
})

rest('the nearest name is near', () => {
  assert.is(nearest('strorage', ['storage', 'server']), 'storage')
  assert.is(nearest('sotrage', ['storage']), 'storage')
  assert.is(nearest('xyz', ['storage', 'abc']), undefined)
  assert.is(nearest('x'.repeat(100_000), ['storage']), undefined)
})

rest.run()
