import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { type Disk, isNotFound, systemDisk } from './disk.ts'
import { Failure } from './errors.ts'
import { FaultDisk } from './fault-disk.ts'

const root = mkdtempSync(join(tmpdir(), 'vivace-disk-'))
const text = (value: string) => Buffer.from(value)
const code = async (work: () => unknown): Promise<string> => {
  try {
    await work()
  } catch (error) {
    return error instanceof Failure ? error.code : String(error)
  }
  return 'none'
}

/** What both disks promise. */
function diskContract(name: string, disk: Disk, directory: string): void {
  const test = suite(`disk: ${name}`)
  const at = (path: string) => `${directory}/${path}`

  test.before(() => disk.mkdirp(directory))

  test('writes files whole and reads ranges of them', async () => {
    await disk.writeFileAtomic(at('a'), text('hello world'))
    disk.writeFileAtomicSync(at('b'), text('other'))
    assert.is(disk.readFileSync(at('a')).toString(), 'hello world')
    assert.is((await disk.readFile(at('b'))).toString(), 'other')
    assert.is((await disk.readRange(at('a'), 6, 5)).toString(), 'world')
    assert.is(disk.readRangeSync(at('a'), 0, 5).toString(), 'hello')
    await disk.writeFileAtomic(at('a'), text('new'))
    assert.is((await disk.readFile(at('a'))).toString(), 'new')
  })

  test('calls a range beyond the end corruption', async () => {
    await disk.writeFileAtomic(at('short'), text('12345'))
    assert.is(await code(() => disk.readRange(at('short'), 3, 3)), 'CORRUPT')
    assert.is(await code(() => disk.readRangeSync(at('short'), 9, 1)), 'CORRUPT')
  })

  test('says NOT_FOUND for what is not there', async () => {
    assert.is(await code(() => disk.readFile(at('no'))), 'NOT_FOUND')
    assert.is(await code(() => disk.readFileSync(at('no/no'))), 'NOT_FOUND')
    assert.is(await code(() => disk.readRange(at('no'), 0, 1)), 'NOT_FOUND')
    assert.is(await code(() => disk.list(at('no'))), 'NOT_FOUND')
    assert.is(await code(() => disk.writeFileAtomic(at('no/a'), text('x'))), 'NOT_FOUND')
    assert.is(await code(() => disk.rename(at('no'), at('no2'))), 'NOT_FOUND')
    assert.is(await disk.stat(at('no')), null)
    assert.is(disk.statSync(at('no/no')), null)
    await disk.remove(at('no'))
    disk.removeTreeSync(at('no'))
  })

  test('creates a file only once', async () => {
    assert.is(await disk.createFileAtomic(at('once'), text('first')), true)
    assert.is(await disk.createFileAtomic(at('once'), text('second')), false)
    assert.is(disk.createFileAtomicSync(at('once'), text('third')), false)
    assert.is(disk.createFileAtomicSync(at('twice'), text('x')), true)
    assert.is((await disk.readFile(at('once'))).toString(), 'first')
  })

  test('writes streams, or nothing', async () => {
    const pieces = async function* (fails: boolean) {
      yield text('one ')
      yield text('two')
      if (fails) throw new Error('source failed')
    }
    assert.is(await disk.writeStreamAtomic(at('stream'), pieces(false)), 7)
    assert.is((await disk.readFile(at('stream'))).toString(), 'one two')
    await disk.mkdirp(at('streams'))
    assert.is.not(await code(() => disk.writeStreamAtomic(at('streams/x'), pieces(true))), 'none')
    assert.equal(await disk.list(at('streams')), [])
  })

  test('appends, syncs and goes on where it was', () => {
    const first = disk.openAppendSync(at('log'))
    first.append(text('abc'))
    first.append(text('def'))
    first.dataSync()
    assert.is(first.sizeBytes, 6)
    first.close()
    const second = disk.openAppendSync(at('log'))
    assert.is(second.sizeBytes, 6)
    second.append(text('g'))
    second.close()
    assert.is(disk.readFileSync(at('log')).toString(), 'abcdefg')
    disk.truncateSync(at('log'), 4)
    assert.is(disk.statSync(at('log'))?.sizeBytes, 4)
  })

  test('makes, lists and removes directories', async () => {
    await disk.mkdirp(at('x/y/z'))
    disk.mkdirpSync(at('x/y/z'))
    await disk.writeFileAtomic(at('x/file'), text('1'))
    const listed = await disk.list(at('x'))
    assert.equal(
      listed.sort((a, b) => (a.name < b.name ? -1 : 1)),
      [
        { name: 'file', isFolder: false },
        { name: 'y', isFolder: true },
      ],
    )
    assert.is((await disk.stat(at('x/y')))?.isFolder, true)
    assert.is(await code(() => disk.remove(at('x'))), 'UNAVAILABLE')
    await disk.remove(at('x/y/z'))
    assert.is(await disk.stat(at('x/y/z')), null)
    await disk.removeTree(at('x'))
    assert.is(await disk.stat(at('x')), null)
  })

  test('renames files', async () => {
    await disk.writeFileAtomic(at('old'), text('1'))
    await disk.rename(at('old'), at('new'))
    await disk.syncDirectory(directory)
    assert.is(disk.statSync(at('old')), null)
    assert.is(disk.readFileSync(at('new')).toString(), '1')
  })

  test('knows how much room there is', async () => {
    assert.ok((await disk.freeBytes(directory)) > 0)
    assert.ok(disk.freeBytesSync(directory) > 0)
  })

  test.run()
}

diskContract('this machine', systemDisk, join(root, 'a/b'))
diskContract('simulated', new FaultDisk(), '/data')

const system = suite('disk: this machine only')

system('hides and removes what unfinished writes leave behind', async () => {
  const directory = join(root, 'leftovers')
  await systemDisk.mkdirp(directory)
  writeFileSync(join(directory, '.block.1234.tmp'), 'half')
  writeFileSync(join(directory, '.kept'), 'x')
  assert.equal(await systemDisk.list(directory), [{ name: '.kept', isFolder: false }])
  await systemDisk.removeUnfinished(directory)
  assert.throws(() => statSync(join(directory, '.block.1234.tmp')))
  assert.ok(statSync(join(directory, '.kept')))
})

system('names path and reason when something else goes wrong', async () => {
  const loop = join(root, 'loop')
  symlinkSync(loop, loop)
  try {
    await systemDisk.readFile(loop)
    assert.unreachable()
  } catch (error) {
    assert.is((error as Failure).code, 'UNAVAILABLE')
    assert.is((error as Failure).message, `cannot read ${loop}: ELOOP`)
    assert.is(isNotFound(error), false)
  }
})

system('makes relative directories', async () => {
  const before = process.cwd()
  process.chdir(root)
  try {
    await systemDisk.mkdirp('relative/one')
    systemDisk.mkdirpSync('relative/two/three')
    assert.is((await systemDisk.list('relative')).length, 2)
  } finally {
    process.chdir(before)
  }
})

system.after(() => rmSync(root, { recursive: true, force: true }))
system.run()
