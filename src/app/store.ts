import { readFileSync } from 'node:fs'
import type { Clock } from '../base/clock.ts'
import type { Disk } from '../base/disk.ts'
import { fail } from '../base/errors.ts'
import { Secret } from '../base/secret.ts'
import { LocalStore } from '../storage/object/local.ts'
import { MemoryStore } from '../storage/object/memory.ts'
import type { ObjectStore } from '../storage/object/object-store.ts'
import { PrefixedStore } from '../storage/object/prefixed.ts'
import { S3Store } from '../storage/object/s3.ts'
import type { S3Tls } from '../storage/object/s3-options.ts'
import type { Config } from './config/schema.ts'

export type StoreSettings = Config['storage']['trace']

/** The object store that the configuration names. Does not connect. */
export function openStore(settings: StoreSettings, disk: Disk, clock: Clock): ObjectStore {
  const { backend, local, s3 } = settings
  switch (backend) {
    case 'local':
      return new LocalStore(disk, local.path)
    case 'memory':
      return new MemoryStore(clock)
    case 's3': {
      const { region, sessionToken, partBytes } = s3
      const store = new S3Store(
        {
          endpoint: s3.endpoint,
          insecure: s3.insecure,
          bucket: s3.bucket,
          ...(region === '' ? {} : { region }),
          accessKey: s3.accessKey,
          secretKey: s3.secretKey,
          ...(sessionToken.isEmpty ? {} : { sessionToken }),
          ...(s3.forcePathStyle ? { pathStyle: true } : {}),
          ...(partBytes > 0 ? { partBytes } : {}),
          tls: tlsOf(s3),
        },
        { clock, random: Math.random },
      )
      return s3.prefix === '' ? store : new PrefixedStore(store, s3.prefix)
    }
    default:
      throw fail(
        'UNIMPLEMENTED',
        `storage.trace.backend ${backend} cannot be opened by this version; use local, s3 or memory`,
      )
  }
}

function tlsOf(s3: StoreSettings['s3']): S3Tls {
  const read = (path: string, setting: string): string => {
    try {
      return readFileSync(path, 'utf8')
    } catch (error) {
      throw fail(
        'BAD_REQUEST',
        `cannot read ${path} (storage.trace.s3.${setting}): ${(error as Error).message}`,
      )
    }
  }
  return {
    ...(s3.tlsCaPath ? { ca: read(s3.tlsCaPath, 'tls_ca_path') } : {}),
    ...(s3.tlsCertPath ? { cert: read(s3.tlsCertPath, 'tls_cert_path') } : {}),
    ...(s3.tlsKeyPath ? { key: new Secret(read(s3.tlsKeyPath, 'tls_key_path')) } : {}),
    ...(s3.tlsServerName ? { serverName: s3.tlsServerName } : {}),
    insecureSkipVerify: s3.tlsInsecureSkipVerify,
    minVersion: s3.tlsMinVersion === 'VersionTLS13' ? 'TLSv1.3' : 'TLSv1.2',
  }
}
