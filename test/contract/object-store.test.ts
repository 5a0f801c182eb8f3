import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../src/base/clock.ts'
import { systemDisk } from '../../src/base/disk.ts'
import { FaultDisk } from '../../src/base/fault-disk.ts'
import { Secret } from '../../src/base/secret.ts'
import { LocalStore } from '../../src/storage/object/local.ts'
import { MemoryStore } from '../../src/storage/object/memory.ts'
import { PrefixedStore } from '../../src/storage/object/prefixed.ts'
import { S3Store } from '../../src/storage/object/s3.ts'
import { orSkip } from '../tools/program.ts'
import { type S3Server, startS3Server } from '../tools/s3-server.ts'
import { objectStoreContract } from './object-store-contract.ts'

const nothing = async () => {}

objectStoreContract('memory', {
  open: async () => ({ store: new MemoryStore(systemClock) }),
  close: nothing,
})

objectStoreContract('memory, below a prefix', {
  open: async () => ({ store: new PrefixedStore(new MemoryStore(systemClock), '/some/where/') }),
  close: nothing,
})

objectStoreContract('local, simulated disk', {
  open: async () => ({ store: new LocalStore(new FaultDisk(() => Date.now()), '/blocks') }),
  close: nothing,
})

let directory = ''
objectStoreContract('local', {
  async open() {
    directory = await mkdtemp(join(tmpdir(), 'vivace-store-'))
    return { store: new LocalStore(systemDisk, join(directory, 'made/when/needed')) }
  },
  close: () => rm(directory, { recursive: true, force: true }),
})

let server: S3Server | null = null
let s3: S3Store | null = null
objectStoreContract('s3', {
  async open() {
    server = await orSkip('the object store contract on S3', startS3Server)
    if (!server) return null
    s3 = new S3Store(
      {
        endpoint: server.endpoint,
        bucket: server.bucket,
        accessKey: new Secret(server.accessKey),
        secretKey: new Secret(server.secretKey),
        partBytes: 5 * 1024 * 1024,
      },
      { clock: systemClock, random: Math.random },
    )
    return { store: s3 }
  },
  async close() {
    s3?.close()
    await server?.stop()
  },
})
