import { copyBytes } from '../../base/bytes.ts'
import { Corruption } from '../../base/errors.ts'
import type { Dictionary, RequiredBytes } from '../../model/column-batch.ts'
import type { BlockFile } from './block-file.ts'
import { crc, decompress } from './decode.ts'
import { DictionaryFlag } from './format.ts'

interface Head {
  readonly pages: number
  readonly flags: number
  readonly firstCode: Uint32Array
  readonly pageEnd: Uint32Array
  readonly rawBytes: Uint32Array
  readonly pageCrc: Uint32Array
  readonly separatorEnd: Uint32Array
  readonly separators: Buffer
}

export interface DictionaryPage {
  readonly bytes: Buffer
  /** Value i is bytes[offsets[i], offsets[i + 1]). */
  readonly offsets: Uint32Array
  readonly groupSets: Uint32Array | null
  readonly firstCode: number
}

/** Stored bytes that `pages` reads at once. */
const walkedBytes = 131_072

/** A sorted dictionary of a block: its head is one read, a value one more page. */
export class BlockDictionary implements Dictionary {
  readonly sorted = true
  readonly size: number
  readonly #file: BlockFile
  readonly #id: number
  #head: Head | undefined
  readonly #groupSets = new Map<number, number>()

  constructor(file: BlockFile, id: number) {
    this.#file = file
    this.#id = id
    this.size = file.f.dictionaryValues[id]!
  }

  async find(bytes: Uint8Array): Promise<number> {
    const head = await this.#loadHead()
    const at = lastPageAtOrBefore(head, bytes)
    const page = await this.#page(at)
    let low = 0
    let high = page.offsets.length - 2
    while (low <= high) {
      const middle = (low + high) >> 1
      const order = page.bytes.compare(
        bytes,
        0,
        bytes.length,
        page.offsets[middle]!,
        page.offsets[middle + 1]!,
      )
      if (order === 0) {
        const code = page.firstCode + middle
        if (page.groupSets) this.#groupSets.set(code, page.groupSets[middle]!)
        return code
      }
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  async match(
    key: string,
    test: (bytes: Uint8Array) => boolean,
    required?: RequiredBytes,
  ): Promise<Uint8Array> {
    const cacheKey = `${this.#file.id}/m${this.#id}/${key}`
    const known = this.#file.cache.get<Uint8Array>(cacheKey)
    if (known) return known
    const table = new Uint8Array(this.size)
    for (const page of await this.#allPages()) {
      if (required) testContaining(required, page, test, table)
      else {
        for (let i = 0; i + 1 < page.offsets.length; i++) {
          if (test(valueAt(page, i))) table[page.firstCode + i] = 1
        }
      }
    }
    this.#file.cache.set(cacheKey, table, table.length + 200)
    return table
  }

  async load(codes: Iterable<number>): Promise<(code: number) => Uint8Array> {
    const head = await this.#loadHead()
    const wanted = new Set<number>()
    for (const code of codes) {
      if (code < 0 || code >= this.size) throw this.#corruption(`code ${code}`)
      wanted.add(pageOfCode(head, code))
    }
    // The reader holds its pages, so that the cache may let go of them meanwhile.
    const pages = new Map<number, DictionaryPage>()
    if (wanted.size > 8 && wanted.size * 2 > head.pages) {
      for (const [at, page] of (await this.#allPages()).entries()) pages.set(at, page)
    } else {
      await Promise.all([...wanted].map(async at => pages.set(at, await this.#page(at))))
    }
    return code => {
      const page = pages.get(pageOfCode(head, code))!
      const at = code - page.firstCode
      return page.bytes.subarray(page.offsets[at]!, page.offsets[at + 1]!)
    }
  }

  /** All pages in order, once, some at a time and without keeping them: for merges. */
  async *pages(): AsyncGenerator<DictionaryPage> {
    const head = withoutSeparators(await this.#readHead())
    const start = (page: number) => (page === 0 ? 0 : head.pageEnd[page - 1]!)
    const offset = this.#file.f.dictionaryPagesOffset[this.#id]!
    for (let from = 0; from < head.pages; ) {
      let to = from + 1
      while (to < head.pages && head.pageEnd[to]! - start(from) <= walkedBytes) to++
      const stored = await this.#file.read(offset + start(from), start(to) - start(from))
      for (const first = start(from); from < to; from++) {
        const page = stored.subarray(start(from) - first, start(from + 1) - first)
        yield this.#parse(head, from, page, offset + start(from))
      }
    }
  }

  /** Whether a code that `find` returned occurs in a group. */
  mayBeInGroup(code: number, group: number): boolean {
    const set = this.#groupSets.get(code)
    if (set === undefined) return true
    const share = Math.ceil(this.#file.groupCount / 32)
    return ((set >>> Math.floor(group / share)) & 1) === 1
  }

  async #loadHead(): Promise<Head> {
    this.#head ??= await this.#readHead()
    return this.#head
  }

  async #readHead(): Promise<Head> {
    const { f } = this.#file
    const offset = f.dictionaryHeadOffset[this.#id]!
    const stored = await this.#file.read(offset, f.dictionaryHeadBytes[this.#id]!)
    if (crc(stored) !== f.dictionaryHeadCrc[this.#id]) {
      throw new Corruption('dictionary head checksum', { object: this.#file.reader.object, offset })
    }
    const head = parseHead(copyBytes(stored))
    const fits = head !== null && isHeadOf(head, this.size, offset - this.#pagesOffset)
    if (!fits) throw this.#corruption('head')
    return head
  }

  async #allPages(): Promise<DictionaryPage[]> {
    const head = await this.#loadHead()
    const offset = this.#pagesOffset
    const cached = Array.from({ length: head.pages }, (_, page) => this.#cached(page))
    if (cached.every(page => page !== undefined)) return cached
    const all = await this.#file.read(offset, head.pageEnd[head.pages - 1] ?? 0)
    return cached.map((known, page) => {
      const start = page === 0 ? 0 : head.pageEnd[page - 1]!
      return (
        known ?? this.#keep(head, page, all.subarray(start, head.pageEnd[page]!), offset + start)
      )
    })
  }

  async #page(page: number): Promise<DictionaryPage> {
    const known = this.#cached(page)
    if (known) return known
    const head = await this.#loadHead()
    const start = page === 0 ? 0 : head.pageEnd[page - 1]!
    const offset = this.#pagesOffset + start
    const stored = await this.#file.read(offset, head.pageEnd[page]! - start)
    return this.#keep(head, page, stored, offset)
  }

  get #pagesOffset(): number {
    return this.#file.f.dictionaryPagesOffset[this.#id]!
  }

  /** Of bytes with a good checksum that were written wrong. */
  #corruption(what: string): Corruption {
    const offset = this.#file.f.dictionaryHeadOffset[this.#id]!
    return new Corruption(`dictionary ${what}`, { object: this.#file.reader.object, offset })
  }

  #cached(page: number): DictionaryPage | undefined {
    return this.#file.cache.get<DictionaryPage>(this.#key(page))
  }

  #key(page: number): string {
    return `${this.#file.id}/d${this.#id}/${page}`
  }

  /** Parses a page and keeps it in the cache. */
  #keep(head: Head, page: number, stored: Uint8Array, offset: number): DictionaryPage {
    const parsed = this.#parse(head, page, stored, offset)
    const bytes = parsed.bytes.length + parsed.offsets.byteLength + 200
    this.#file.cache.set(this.#key(page), parsed, bytes)
    return parsed
  }

  #parse(head: Head, page: number, stored: Uint8Array, offset: number): DictionaryPage {
    if (crc(stored) !== head.pageCrc[page]) {
      throw new Corruption('dictionary page checksum', { object: this.#file.reader.object, offset })
    }
    const raw = rawPage(stored, head.rawBytes[page]!)
    const parsed = raw && parsePage(head, page, Buffer.from(raw.buffer, raw.byteOffset, raw.length))
    if (parsed === null) throw this.#corruption(`page ${page}`)
    return parsed
  }
}

function valueAt({ bytes, offsets }: DictionaryPage, i: number): Buffer {
  return bytes.subarray(offsets[i]!, offsets[i + 1]!)
}

/** Looks for the bytes in the page as a whole, and tests the values that contain them. */
function testContaining(
  required: RequiredBytes,
  page: DictionaryPage,
  test: (bytes: Uint8Array) => boolean,
  table: Uint8Array,
): void {
  const { bytes, offsets, firstCode } = page
  const count = offsets.length - 1
  if (required.otherwise) table.fill(1, firstCode, firstCode + count)
  let i = 0
  for (let at = bytes.indexOf(required.bytes, offsets[0]!); at >= 0; ) {
    while (i < count && offsets[i + 1]! <= at) i++
    if (i === count) break
    let next = at + 1
    // Otherwise they run over into the next value.
    if (at + required.bytes.length <= offsets[i + 1]!) {
      table[firstCode + i] = test(valueAt(page, i)) ? 1 : 0
      next = offsets[i + 1]!
    }
    at = bytes.indexOf(required.bytes, next)
  }
}

/** Null when the lanes of its pages are longer than the head. */
function parseHead(bytes: Uint8Array): Head | null {
  const numbers = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2)
  const pages = numbers[0] ?? 0
  if (numbers.length < 3 + 5 * pages) return null
  const at = (part: number) => 3 + pages + part * pages
  const end = at(4) * 4
  return {
    pages,
    flags: numbers[1]!,
    firstCode: numbers.subarray(2, 3 + pages),
    pageEnd: numbers.subarray(at(0), at(1)),
    rawBytes: numbers.subarray(at(1), at(2)),
    pageCrc: numbers.subarray(at(2), at(3)),
    separatorEnd: numbers.subarray(at(3), at(4)),
    separators: Buffer.from(bytes.buffer, bytes.byteOffset + end, bytes.length - end),
  }
}

/** A page holds 16 KiB or one value, and no request that brings values is longer than this. */
const rawBytesMax = 1 << 28

/** Whether a head describes `values` values in pages that take `pagesBytes` with their padding. */
function isHeadOf(head: Head, values: number, pagesBytes: number): boolean {
  const { pages, firstCode, pageEnd, rawBytes, separatorEnd, separators } = head
  if (pages === 0 || firstCode[0] !== 0 || firstCode[pages] !== values) return false
  for (let page = 0; page < pages; page++) {
    if (firstCode[page + 1]! <= firstCode[page]! || rawBytes[page]! > rawBytesMax) return false
    if (page === 0) continue
    if (pageEnd[page]! < pageEnd[page - 1]!) return false
    if (separatorEnd[page]! < separatorEnd[page - 1]!) return false
  }
  return pageEnd[pages - 1]! <= pagesBytes && separatorEnd[pages - 1]! <= separators.length
}

/** Null when the bytes are not what they are said to be. */
function rawPage(stored: Uint8Array, rawBytes: number): Uint8Array | null {
  if (stored.length >= rawBytes) return copyBytes(stored)
  try {
    return decompress(stored, rawBytes)
  } catch {
    return null
  }
}

/** Separators only serve to find pages. */
function withoutSeparators(head: Head): Head {
  const { firstCode, pageEnd, rawBytes, pageCrc } = head
  return {
    ...head,
    firstCode: firstCode.slice(),
    pageEnd: pageEnd.slice(),
    rawBytes: rawBytes.slice(),
    pageCrc: pageCrc.slice(),
    separatorEnd: new Uint32Array(0),
    separators: Buffer.alloc(0),
  }
}

/** Null when the values do not fill the page. */
function parsePage(head: Head, page: number, bytes: Buffer): DictionaryPage | null {
  const count = head.firstCode[page + 1]! - head.firstCode[page]!
  const wide = (head.flags & DictionaryFlag.wideLengths) !== 0
  const withSets = (head.flags & DictionaryFlag.groupSets) !== 0
  const lengthBytes = wide ? 4 : 2
  const offsets = new Uint32Array(count + 1)
  let at = count * (lengthBytes + (withSets ? 4 : 0))
  if (at > bytes.length) return null
  for (let i = 0; i < count; i++) {
    offsets[i] = at
    at += wide ? bytes.readUInt32LE(i * 4) : bytes.readUInt16LE(i * 2)
  }
  offsets[count] = at
  if (at !== bytes.length) return null
  let groupSets: Uint32Array | null = null
  if (withSets) {
    groupSets = new Uint32Array(count)
    for (let i = 0; i < count; i++) groupSets[i] = bytes.readUInt32LE(count * lengthBytes + i * 4)
  }
  return { bytes, offsets, groupSets, firstCode: head.firstCode[page]! }
}

function lastPageAtOrBefore(head: Head, value: Uint8Array): number {
  let low = 0
  let high = head.pages - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    const start = head.separatorEnd[middle - 1]!
    const order = head.separators.compare(value, 0, value.length, start, head.separatorEnd[middle]!)
    if (order <= 0) low = middle
    else high = middle - 1
  }
  return low
}

function pageOfCode(head: Head, code: number): number {
  let low = 0
  let high = head.pages - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (head.firstCode[middle]! <= code) low = middle
    else high = middle - 1
  }
  return low
}
