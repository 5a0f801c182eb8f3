/**
 * Texts of one query over one source as numbers: equal texts, equal ids, whichever dictionary they
 * came from. Bytes are read once per distinct value.
 */
export class TextTable {
  readonly #ids = new Map<string, number>()
  readonly #texts: string[] = []
  #ranks: Uint32Array | undefined

  get size(): number {
    return this.#texts.length
  }

  intern(bytes: Uint8Array): number {
    // One UTF-16 unit per byte: the order of such texts is that of the bytes.
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    return this.#internKey(buffer.toString('latin1'))
  }

  internText(text: string): number {
    return this.intern(Buffer.from(text))
  }

  bytes(id: number): Buffer {
    return Buffer.from(this.#texts[id]!, 'latin1')
  }

  text(id: number): string {
    return this.bytes(id).toString()
  }

  /** Id -> position among all texts in byte order. */
  ranks(): Uint32Array {
    if (this.#ranks?.length === this.size) return this.#ranks
    const texts = this.#texts
    const sorted = [...texts.keys()].sort((a, b) => (texts[a]! < texts[b]! ? -1 : 1))
    const ranks = new Uint32Array(texts.length)
    for (const [rank, id] of sorted.entries()) ranks[id] = rank
    this.#ranks = ranks
    return ranks
  }

  #internKey(key: string): number {
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.#texts.length
    this.#ids.set(key, id)
    this.#texts.push(key)
    return id
  }
}
