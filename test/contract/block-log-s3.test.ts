import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { systemClock } from '../../src/base/clock.ts'
import { Secret } from '../../src/base/secret.ts'
import { uploadBlock } from '../../src/storage/blocklist/block-store.ts'
import { dataOf, folder, idsOf, metaOf } from '../../src/storage/blocklist/fixture.ts'
import { BlockLog } from '../../src/storage/blocklist/log.ts'
import { BlockListRepair } from '../../src/storage/blocklist/repair.ts'
import { listRoster, RosterMember } from '../../src/storage/blocklist/roster.ts'
import { listTenants } from '../../src/storage/blocklist/tenants.ts'
import type { ObjectStore } from '../../src/storage/object/object-store.ts'
import { PrefixedStore } from '../../src/storage/object/prefixed.ts'
import { S3Store } from '../../src/storage/object/s3.ts'
import { bytesSource } from '../../src/storage/object/upload-source.ts'
import { orSkip } from '../tools/program.ts'
import { type S3Server, startS3Server } from '../tools/s3-server.ts'

const test = suite('block log on S3')
const clock = systemClock
let server: S3Server | null = null
let s3: S3Store | null = null
let opened: Promise<void> | null = null

async function open(): Promise<void> {
  server = await orSkip('the block log on S3', startS3Server)
  if (!server) return
  const { endpoint, bucket, accessKey, secretKey } = server
  const keys = { accessKey: new Secret(accessKey), secretKey: new Secret(secretKey) }
  s3 = new S3Store({ endpoint, bucket, ...keys }, { clock, random: Math.random })
}

function check(what: string, work: (store: ObjectStore) => Promise<void>): void {
  test(what, async () => {
    await (opened ??= open())
    if (s3) await work(new PrefixedStore(s3, what.replaceAll(/[^a-z]+/g, '-')))
  })
}

check('racing committers each get a number of their own', async store => {
  const log = (by: string) => new BlockLog({ store, folder, by, clock })
  const writers = Array.from({ length: 8 }, (_, i) => log(`ingester-${i}`))
  await Promise.all(
    writers.map(async (writer, i) => {
      for (let k = 0; k < 4; k++) await writer.commit({ adds: [metaOf(`b-${i}-${k}`)] })
    }),
  )
  const view = await log('querier-0').poll()
  assert.is(view.blocks.size, 32)
  assert.is(view.seq, 32)
  const compactors = ['x', 'y', 'z'].map(id =>
    log(id).commit({ adds: [metaOf(id)], removes: ['b-0-0', 'b-0-1'] }),
  )
  const kinds = (await Promise.all(compactors)).map(({ kind }) => kind)
  assert.equal(kinds.sort(), ['committed', 'refused', 'refused'])
})

check('blocks, tenants, repair and roster', async store => {
  const log = new BlockLog({ store, folder, by: 'ingester-0', clock })
  for (const id of ['a', 'b']) {
    await uploadBlock(store, folder, metaOf(id), bytesSource(dataOf(id)))
  }
  await log.commit({ adds: [metaOf('a')] })
  const repair = new BlockListRepair({ store, folder, log, clock, settleMs: 0 })
  assert.equal((await repair.pass()).added, ['b'])
  assert.equal(idsOf(log.view()), ['a', 'b'])
  assert.equal(await listTenants(store), [{ tenant: folder, folder }])
  const member = new RosterMember({
    store,
    clock,
    instance: 'ingester-0',
    uuid: 'u1',
    epoch: 1,
    address: '127.0.0.1:9095',
  })
  await member.join(false)
  await member.setPending(true)
  const [entry] = (await listRoster(store)).entries
  assert.equal([entry?.instance, entry?.pending], ['ingester-0', true])
})

test.after(async () => {
  s3?.close()
  await server?.stop()
})
test.run()
