import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/**
 * The write-ahead log, version 1. `<wal>/segments/<20 digits>.wal`, numbered without gaps upwards,
 * each a header and frames; one frame is one commit (everything that one fdatasync made durable).
 * Little-endian.
 *
 *     segment:  "VWAL" | u32 version | frame ...
 *     frame:    "VREC" | u32 storedBytes | u32 rawBytes | u32 crc32 | stored bytes
 *     raw:      record ...                     (zstd level 1 when that is smaller)
 *     record:   u32 tenantBytes | u32 bodyBytes | tenant | body
 *
 * crc32 covers storedBytes, rawBytes and the stored bytes. A body is an encoded OTLP
 * ExportTraceServiceRequest that has passed `wire/otlp-walk`.
 *
 * Reading. A frame that ends beyond the file, with no intact frame behind it, is a torn tail: it
 * was never acknowledged and is cut. A frame with a wrong checksum in front of an intact one is
 * damage: its bytes are moved to quarantine and counted, and reading goes on behind it.
 */
export const walVersion = 1
export const segmentHeaderBytes = 8
export const frameHeaderBytes = 16

const segmentMagic = Buffer.from('VWAL')
export const frameMagic = Buffer.from('VREC')

/** Raw bytes of a frame at most: a length above it is damage, not a reason to allocate. */
export const frameRawBytesMax = 1 << 30

export interface WalRecord {
  readonly tenant: string
  readonly body: Uint8Array
}

export function encodeSegmentHeader(): Uint8Array {
  const header = Buffer.alloc(segmentHeaderBytes)
  segmentMagic.copy(header)
  header.writeUInt32LE(walVersion, 4)
  return header
}

/** The version of a segment, or -1 when the bytes do not begin one. */
export function segmentVersion(bytes: Uint8Array): number {
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (header.length < segmentHeaderBytes || !header.subarray(0, 4).equals(segmentMagic)) return -1
  return header.readUInt32LE(4)
}

export function encodeFrame(records: readonly WalRecord[]): Uint8Array {
  const raw = encodeRecords(records)
  const compressed = zstdCompressSync(raw, {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
    chunkSize: raw.length + (raw.length >> 7) + 512,
  })
  const stored = compressed.length < raw.length ? compressed : raw
  const frame = Buffer.allocUnsafe(frameHeaderBytes + stored.length)
  frameMagic.copy(frame)
  frame.writeUInt32LE(stored.length, 4)
  frame.writeUInt32LE(raw.length, 8)
  frame.set(stored, frameHeaderBytes)
  frame.writeUInt32LE(frameCrc(frame), 12)
  return frame
}

/** Over both lengths and the stored bytes; `frame` is header and stored bytes. */
function frameCrc(frame: Buffer): number {
  return crc32(frame.subarray(frameHeaderBytes), crc32(frame.subarray(4, 12)))
}

/** What a kept buffer may hold: most commits are smaller, and a rare large one is not kept. */
const scratchBytesMax = 8 << 20
let scratch = Buffer.alloc(0)

/** Commits come one after another, so their raw bytes can lie in the same place. */
function scratchOf(size: number): Buffer {
  if (size > scratchBytesMax) return Buffer.allocUnsafeSlow(size)
  if (scratch.length < size) scratch = Buffer.allocUnsafeSlow(Math.ceil(size * 1.25))
  return scratch.subarray(0, size)
}

/** The result is valid until the next call. */
function encodeRecords(records: readonly WalRecord[]): Buffer {
  const tenants = records.map(record => Buffer.from(record.tenant))
  const size = records.reduce(
    (sum, record, i) => sum + 8 + tenants[i]!.length + record.body.length,
    0,
  )
  const raw = scratchOf(size)
  let at = 0
  records.forEach((record, i) => {
    const tenant = tenants[i]!
    raw.writeUInt32LE(tenant.length, at)
    raw.writeUInt32LE(record.body.length, at + 4)
    raw.set(tenant, at + 8)
    raw.set(record.body, at + 8 + tenant.length)
    at += 8 + tenant.length + record.body.length
  })
  return raw
}

export interface FrameHeader {
  readonly storedBytes: number
  readonly rawBytes: number
}

/** The frame header at `at`, or null when there is none. */
export function frameHeader(bytes: Buffer, at: number): FrameHeader | null {
  if (at + frameHeaderBytes > bytes.length) return null
  if (!bytes.subarray(at, at + 4).equals(frameMagic)) return null
  const storedBytes = bytes.readUInt32LE(at + 4)
  const rawBytes = bytes.readUInt32LE(at + 8)
  return rawBytes > frameRawBytesMax || storedBytes > frameRawBytesMax
    ? null
    : { storedBytes, rawBytes }
}

/** The records of an intact frame at `at`; null when it is torn or damaged. */
export function decodeFrame(
  bytes: Buffer,
  at: number,
): { records: WalRecord[]; end: number } | null {
  const header = frameHeader(bytes, at)
  if (!header) return null
  const end = at + frameHeaderBytes + header.storedBytes
  if (end > bytes.length) return null
  const frame = bytes.subarray(at, end)
  if (frameCrc(frame) !== frame.readUInt32LE(12)) return null
  const stored = frame.subarray(frameHeaderBytes)
  const raw = stored.length < header.rawBytes ? decompress(stored, header.rawBytes) : stored
  return raw && { records: decodeRecords(raw), end }
}

/** Null when it is no zstd in spite of its checksum: one frame must not keep a log from starting. */
function decompress(stored: Buffer, rawBytes: number): Buffer | null {
  try {
    return zstdDecompressSync(stored, {
      chunkSize: rawBytes + 64,
      maxOutputLength: rawBytes + 64,
    })
  } catch {
    return null
  }
}

function decodeRecords(raw: Buffer): WalRecord[] {
  const records: WalRecord[] = []
  for (let at = 0; at + 8 <= raw.length; ) {
    const tenantBytes = raw.readUInt32LE(at)
    const bodyBytes = raw.readUInt32LE(at + 4)
    const bodyAt = at + 8 + tenantBytes
    records.push({
      tenant: raw.toString('utf8', at + 8, bodyAt),
      body: raw.subarray(bodyAt, bodyAt + bodyBytes),
    })
    at = bodyAt + bodyBytes
  }
  return records
}
