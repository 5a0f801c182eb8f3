import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import type { Failure } from '../base/errors.ts'
import {
  checkTenantId,
  decodeFolder,
  oneTenant,
  singleTenant,
  splitTenants,
  tenantFolder,
  tenantOfFolder,
} from './tenant.ts'

const test = suite('tenant')

function refusal(work: () => unknown): { code: string; message: string } {
  try {
    work()
  } catch (error) {
    const { code, message } = error as Failure
    return { code, message }
  }
  return { code: 'none', message: '' }
}

/** Legal ids that are something else elsewhere: JavaScript, file systems, our own folders. */
const awkward = [
  '__proto__',
  'constructor',
  'toString',
  '_roster',
  '_vivace',
  '_log',
  '_t.abc',
  '...',
  '.hidden',
  '-',
  '-a',
  'a.b',
  'a_b',
  "it's",
  '(x)',
  '*',
  '!',
  'CON',
  'A',
  'a'.repeat(150),
  '_'.repeat(150),
]

test('awkward ids are legal, and each has a folder of its own that leads back to it', () => {
  const folders = new Set<string>()
  for (const id of [...awkward, singleTenant, '1', 'tenant-1']) {
    checkTenantId(id)
    const folder = tenantFolder(id)
    assert.match(folder, /^([A-Za-z0-9][A-Za-z0-9-]*|_t\.[A-Za-z0-9_-]+)$/)
    assert.ok(folder.length <= 250, id)
    assert.is(tenantOfFolder(folder), id)
    folders.add(folder)
  }
  assert.is(folders.size, awkward.length + 3)
})

test('plain ids are their own folder', () => {
  assert.is(tenantFolder(singleTenant), 'single-tenant')
  assert.is(tenantFolder('team-1'), 'team-1')
  assert.is(tenantFolder('_roster'), '_t.X3Jvc3Rlcg')
})

test('a folder that no tenant has belongs to nobody', () => {
  const foreign = ['_vivace', '_roster', 'a_b', '.', '..', '', 'a/b', '_t.', '_t.YQ', '_t.Lg']
  for (const folder of [...foreign, '_t.!!', '_t.YV9i=', '_t.YV9iZZ', '_t.Ly8']) {
    assert.is(tenantOfFolder(folder), null, folder)
  }
})

test('any name, also one that is no tenant, has a folder', () => {
  for (const name of ['pod.ns.svc:7946', '', 'ünï', 'a/../b']) {
    assert.is(decodeFolder(tenantFolder(name)), name)
  }
})

test('ids are refused as clients know it', () => {
  assert.equal(
    refusal(() => checkTenantId('')),
    { code: 'NO_TENANT', message: 'no org id' },
  )
  assert.equal(
    refusal(() => checkTenantId('bad/../x')),
    {
      code: 'BAD_REQUEST',
      message: "tenant ID 'bad/../x' contains unsupported character '/'",
    },
  )
  assert.equal(
    refusal(() => checkTenantId('a'.repeat(151))),
    { code: 'BAD_REQUEST', message: 'tenant ID is too long: max 150 characters' },
  )
  for (const id of ['.', '..']) {
    assert.is(refusal(() => checkTenantId(id)).message, "tenant ID is '.' or '..'")
  }
  for (const id of ['a b', 'a\0', 'ä', 'a\n', 'a|b', '😀', 'a%2f', '$', '@', ',']) {
    assert.is(refusal(() => checkTenantId(id)).code, 'BAD_REQUEST', id)
  }
  assert.ok(refusal(() => checkTenantId('/'.repeat(100_000))).message.length < 300)
})

test('queries ask several tenants, each once', () => {
  assert.equal(splitTenants('a'), ['a'])
  assert.equal(splitTenants('b|a|b'), ['a', 'b'])
  assert.is(refusal(() => splitTenants('a||b')).code, 'NO_TENANT')
  assert.is(refusal(() => splitTenants('|')).code, 'NO_TENANT')
  assert.is(refusal(() => splitTenants('a|..')).code, 'BAD_REQUEST')
})

test('writes have one', () => {
  assert.is(oneTenant('__proto__'), '__proto__')
  assert.is(oneTenant('a|a'), 'a')
  assert.equal(
    refusal(() => oneTenant('a|b')),
    { code: 'BAD_REQUEST', message: 'multiple org IDs present' },
  )
})

test.run()
