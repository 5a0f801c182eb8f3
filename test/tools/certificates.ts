import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** PEM texts made for one test run: nothing secret is kept in the repository. */
export interface TestCertificates {
  readonly ca: string
  readonly server: { readonly cert: string; readonly key: string }
  readonly client: { readonly cert: string; readonly key: string }
}

/** An authority of its own, a server certificate for `names`, a client certificate. Needs openssl. */
export function makeCertificates(names: readonly string[]): TestCertificates {
  const directory = mkdtempSync(join(tmpdir(), 'vivace-certificates-'))
  const path = (name: string) => join(directory, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  try {
    openssl(
      'req',
      '-x509',
      ...key,
      '-days',
      '2',
      '-subj',
      '/CN=test authority',
      '-keyout',
      path('ca.key'),
      '-out',
      path('ca.crt'),
    )
    const issue = (name: string, extensions: string) => {
      writeFileSync(path(`${name}.ext`), extensions)
      openssl(
        'req',
        ...key,
        '-subj',
        `/CN=${name}`,
        '-keyout',
        path(`${name}.key`),
        '-out',
        path(`${name}.csr`),
      )
      const signer = [
        '-CA',
        path('ca.crt'),
        '-CAkey',
        path('ca.key'),
        '-CAcreateserial',
        '-days',
        '2',
      ]
      openssl(
        'x509',
        '-req',
        '-in',
        path(`${name}.csr`),
        ...signer,
        '-extfile',
        path(`${name}.ext`),
        '-out',
        path(`${name}.crt`),
      )
      const read = (ending: string) => readFileSync(path(`${name}.${ending}`), 'utf8')
      return { cert: read('crt'), key: read('key') }
    }
    const server = issue('server', `subjectAltName=${names.map(name => `DNS:${name}`).join(',')}\n`)
    const client = issue('client', 'extendedKeyUsage=clientAuth\n')
    return { ca: readFileSync(path('ca.crt'), 'utf8'), server, client }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
