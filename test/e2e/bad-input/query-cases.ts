import type { BadCase } from './case.ts'

/** Questions that cannot be answered: Tempo's API and Jaeger's. */

const id = '0af7651916cd43dd8448eb211c80319c'
const q = (query: string) => `/api/search?q=${encodeURIComponent(query)}`

type Row = readonly [path: string, status: number, says?: RegExp]

const tempoRows: readonly Row[] = [
  ['/api/traces/xyz', 400, /hex/],
  [`/api/traces/${'0'.repeat(33)}`, 400, /128 bits/],
  ['/api/v2/traces/%20', 400, /hex/],
  ['/api/v2/traces/%ff%fe', 400],
  [`/api/traces/${id}?start=x&end=1`, 400, /start/],
  ['/api/traces/', 404],
  ['/api/traces', 404],
  [`/api/traces/${id}/more`, 404],
  [q('{'), 400, /TraceQL/],
  [q('{ .a = }'), 400, /TraceQL/],
  [q('{ .a = "'), 400, /TraceQL/],
  [q('{ .a =~ "(" }'), 400],
  [q(`{ .a =~ "${'('.repeat(2000)}" }`), 400],
  [q('{ 1 + "a" = 2 }'), 400],
  [q('{ foo = 1 }'), 400],
  [q('{ status = "error" }'), 400],
  [q(`${'('.repeat(20_000)}{}${')'.repeat(20_000)}`), 400],
  [q(`{ ${'!'.repeat(14_000)}true }`), 400],
  [q(`{ .a = "${'x'.repeat(131_072)}" }`), 400, /131072/],
  [q(`{ .a = "${'x'.repeat(31_000)}" } \u0000`), 400],
  ['/api/search?q=%7B%7D&limit=abc', 400, /limit/],
  ['/api/search?q=%7B%7D&limit=-1', 400, /limit/],
  ['/api/search?q=%7B%7D&limit=99999999999999999999', 400, /limit/],
  ['/api/search?q=%7B%7D&spss=-1', 400, /spss/],
  ['/api/search?q=%7B%7D&start=abc&end=2', 400, /start/],
  ['/api/search?q=%7B%7D&start=20&end=10', 400, /start|end/],
  ['/api/search?q=%7B%7D&start=-5&end=10', 400, /start/],
  ['/api/search?q=%7B%7D&start=1&end=99999999999', 400, /end/],
  ['/api/search?q=%7B%7D&tags=a%3Db', 400],
  ['/api/search?tags=a%3D%22', 400, /tags/],
  ['/api/search?minDuration=10', 400, /minDuration/],
  ['/api/search?maxDuration=1parsec', 400, /maxDuration/],
  ['/api/v2/search/tags?scope=planet', 400, /scope/],
  ['/api/v2/search/tag/service.name/values', 400],
  ['/api/v2/search/tag/%7B%7D/values', 400],
  ['/status/nothing', 404],
  ['/api/nothing', 404],
  ['/nothing', 404],
  ['/..%2f..%2fetc/passwd', 404],
  ['/%', 404],
  ['/%00', 404],
]

const jaegerRows: readonly Row[] = [
  ['/api/traces', 400, /service/],
  ['/api/traces?service=x&limit=abc', 400, /limit/],
  ['/api/traces?service=x&start=abc', 400, /start/],
  ['/api/traces?service=x&end=abc', 400, /end/],
  ['/api/traces?service=x&minDuration=10', 400, /minDuration/],
  ['/api/traces?service=x&minDuration=2s&maxDuration=1s', 400],
  ['/api/traces?service=x&tags=%7B', 400, /tags/],
  ['/api/traces?service=x&tag=novalue', 400, /tag/],
  ['/api/traces?traceID=xyz', 400],
  ['/api/traces/xyz', 400],
  [`/api/traces/${'1'.repeat(40)}`, 400],
  ['/api/dependencies?endTs=abc', 400, /endTs/],
  ['/api/operations', 400, /service/],
  ['/api/nothing', 404],
  ['/api/v3/traces/xyz', 400],
  ['/api/v3/traces', 400],
  ['/api/v3/nothing', 404],
]

function ofRow(api: string, port: number, [path, status, says]: Row): BadCase {
  const shown = path.length > 60 ? `${path.slice(0, 60)}…` : path
  return { name: `${api}: ${shown}`, port, path, status, ...(says ? { says } : {}) }
}

export const queryCases: readonly BadCase[] = [
  ...tempoRows.map(row => ofRow('Tempo', 3200, row)),
  ...jaegerRows.map(row => ofRow('Jaeger', 16_686, row)),
  { name: 'Jaeger: POST', port: 16_686, path: '/api/services', method: 'POST', status: 405 },
  {
    name: 'a URL of 300 kB',
    port: 3200,
    path: `/api/search?q=${'x'.repeat(300_000)}`,
    status: 431,
    says: /262144 bytes/,
  },
  {
    name: 'a header of 300 kB',
    port: 16_686,
    path: '/api/services',
    headers: { 'X-Long': 'x'.repeat(300_000) },
    status: 431,
    says: /262144 bytes/,
  },
]
