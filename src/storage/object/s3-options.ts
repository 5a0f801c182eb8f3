import * as http from 'node:http'
import * as https from 'node:https'
import { fail } from '../../base/errors.ts'
import type { Secret } from '../../base/secret.ts'

export interface S3Options {
  /** `host`, `host:port`, or a URL without path; its scheme, when given, decides about TLS. */
  readonly endpoint: string
  /** No TLS, where the endpoint has no scheme. */
  readonly insecure?: boolean
  readonly bucket: string
  /** Taken from the endpoint of AWS when absent, otherwise `us-east-1`. */
  readonly region?: string
  readonly accessKey: Secret
  readonly secretKey: Secret
  readonly sessionToken?: Secret
  /** Bucket in the path, not in the host name. When absent: unless the endpoint is AWS. */
  readonly pathStyle?: boolean
  readonly tls?: S3Tls
  /** Size of the parts of large objects; see `partBytesMin`. */
  readonly partBytes?: number
  readonly socketsMax?: number
  /** Of one HTTP request, from asking for a socket to the last byte of the answer. */
  readonly requestTimeoutMs?: number
}

/** PEM texts, not paths. */
export interface S3Tls {
  readonly ca?: string
  readonly cert?: string
  readonly key?: Secret
  /** Name that the server's certificate must have, when it is not that of the endpoint. */
  readonly serverName?: string
  readonly insecureSkipVerify?: boolean
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
}

/** S3 refuses smaller parts, except the last. */
export const partBytesMin = 5 * 1024 * 1024
/** One part is in memory per upload. */
export const partBytesDefault = 8 * 1024 * 1024
/** The largest number of parts that S3 allows; larger objects get larger parts. */
export const partsMax = 10_000
/** Ranged reads of many queries at once; more sockets only queue at the store. */
const socketsMaxDefault = 64

export interface Endpoint {
  readonly host: string
  readonly port?: number
  readonly useTls: boolean
  readonly region: string
  readonly pathStyle: boolean
  /** For messages. */
  readonly text: string
}

/** Fails with BAD_REQUEST when the endpoint cannot be understood. */
export function parseEndpoint(options: S3Options): Endpoint {
  const { endpoint, insecure } = options
  const hasScheme = /^https?:\/\//i.test(endpoint)
  const text = hasScheme ? endpoint : `${insecure ? 'http' : 'https'}://${endpoint}`
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !isBare(url)) {
    // Not repeated in the message: it could hold a password.
    throw fail('BAD_REQUEST', 's3 endpoint must be host, host:port or a URL without a path', {
      setting: 'endpoint',
    })
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  const isAws = /(^|\.)amazonaws\.com(\.cn)?$/.test(host)
  const useTls = url.protocol === 'https:'
  return {
    host,
    ...(url.port === '' ? {} : { port: Number(url.port) }),
    useTls,
    region: options.region || awsRegion(host) || 'us-east-1',
    pathStyle: options.pathStyle ?? !isAws,
    text: url.origin,
  }
}

function isBare(url: URL): boolean {
  return url.username === '' && url.search === '' && url.hash === '' && url.pathname === '/'
}

function awsRegion(host: string): string | undefined {
  return /(?:^|\.)s3[.-](?:dualstack\.)?([a-z]{2}-[a-z-]+-\d)\.amazonaws\.com/.exec(host)?.[1]
}

/** Connections that are kept and used again; without this each request pays for a handshake. */
export function connectionPool(options: S3Options, useTls: boolean): http.Agent {
  const settings = {
    keepAlive: true,
    maxSockets: options.socketsMax ?? socketsMaxDefault,
    scheduling: 'lifo' as const,
  }
  if (!useTls) return new http.Agent(settings)
  return new https.Agent({ ...settings, ...tlsSettings(options.tls ?? {}) })
}

export function tlsSettings(tls: S3Tls): https.AgentOptions {
  return {
    minVersion: tls.minVersion ?? 'TLSv1.2',
    rejectUnauthorized: !tls.insecureSkipVerify,
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key.reveal() }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  }
}
