import { Failure } from '../../base/errors.ts'
import { S3ResponseError, S3TimeoutError } from './s3-transport.ts'

/** What a failed request was about. */
export interface S3Subject {
  /** Such as `get`; part of the message. */
  readonly operation: string
  /** Key, prefix, or empty. */
  readonly key: string
  readonly bucket: string
  readonly endpoint: string
}

const retriedStatuses = new Set([408, 429, 500, 502, 503, 504, 520])
/** AWS answers 409 when conditional puts of one key meet; it does not say who won. */
const retriedCodes = new Set(['ConditionalRequestConflict', 'OperationAborted', 'SlowDown'])
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])

/**
 * An error inside an answer that began with status 200, as the end of an upload may have, reaches
 * us as the parsed XML: the store could not do it now.
 */
export function normalized(thrown: unknown): unknown {
  if (thrown instanceof Error || typeof thrown !== 'object' || thrown === null) return thrown
  const { Code, Message } = thrown as { Code?: unknown; Message?: unknown }
  return new S3ResponseError(500, String(Code ?? ''), `${Code ?? 'error'}, ${Message ?? ''}`)
}

/** Whether the same request may succeed a moment later. */
export function isRetried(error: unknown): boolean {
  if (error instanceof S3TimeoutError) return true
  if (error instanceof S3ResponseError) {
    return retriedStatuses.has(error.status) || retriedCodes.has(error.code)
  }
  return networkCodes.has(codeOf(error))
}

/** Whether the object (not the bucket) is absent. */
export function isNoObject(error: unknown): boolean {
  if (!(error instanceof S3ResponseError) || error.status !== 404) return false
  return error.code === 'NoSuchKey' || error.code === 'NotFound' || error.code === ''
}

/** Whether a conditional put found an object. */
export function isTaken(error: unknown): boolean {
  return error instanceof S3ResponseError && error.status === 412
}

/** The failure that callers see; names the setting that is probably wrong, never a secret. */
export function s3Failure(error: unknown, subject: S3Subject): Failure {
  if (error instanceof Failure) return error
  const { operation, key, bucket, endpoint } = subject
  const fields = { operation, key, bucket, endpoint }
  if (isNoObject(error)) {
    return new Failure('NOT_FOUND', `no object ${key} in bucket ${bucket}`, fields)
  }
  const reason = error instanceof Error ? error.message || codeOf(error) : String(error)
  const setting = settingOf(error)
  const hint = setting === undefined ? '' : `; check ${setting}`
  const what = key === '' ? operation : `${operation} of ${key}`
  const message = `s3 ${what} in bucket ${bucket} at ${endpoint} failed: ${reason}${hint}`
  const unsupported = error instanceof S3ResponseError && error.status === 501
  return new Failure(
    unsupported ? 'UNIMPLEMENTED' : 'UNAVAILABLE',
    message,
    { ...fields, reason, ...(setting === undefined ? {} : { setting }) },
    error,
  )
}

const settingByCode = new Map([
  ['NoSuchBucket', 'bucket'],
  ['InvalidBucketName', 'bucket'],
  ['InvalidAccessKeyId', 'access_key'],
  ['SignatureDoesNotMatch', 'secret_key'],
  ['AccessDenied', 'access_key and secret_key'],
  ['InvalidToken', 'session_token'],
  ['ExpiredToken', 'session_token'],
  ['AuthorizationHeaderMalformed', 'region'],
  ['PermanentRedirect', 'region and endpoint'],
  ['ECONNREFUSED', 'endpoint'],
  ['ENOTFOUND', 'endpoint'],
  ['EAI_AGAIN', 'endpoint'],
  ['EHOSTUNREACH', 'endpoint'],
  ['EPROTO', 'insecure (the endpoint may not speak TLS)'],
  ['HPE_INVALID_CONSTANT', 'insecure (the endpoint may speak TLS)'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'endpoint and tls_server_name'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_ca_path'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_ca_path'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_ca_path'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'tls_ca_path'],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'tls_cert_path and tls_key_path'],
])

function settingOf(error: unknown): string | undefined {
  const known = settingByCode.get(codeOf(error))
  if (known !== undefined || !(error instanceof S3ResponseError)) return known
  if (error.status === 401 || error.status === 403) return 'access_key and secret_key'
  if (error.status === 301 || error.status === 307) return 'region and endpoint'
  return undefined
}

/** The code of an answer or of an error of Node; empty when there is none. */
function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}
