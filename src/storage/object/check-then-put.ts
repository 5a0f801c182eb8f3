import { ForwardingStore } from './forwarding.ts'

/**
 * For stores that failed the probe: looks before it puts. Two callers at the same moment may both
 * be told true and one object is lost; who uses this confirms later that its object is there.
 */
export class CheckThenPutStore extends ForwardingStore {
  override async putIfAbsent(key: string, bytes: Uint8Array): Promise<boolean> {
    if ((await this.inner.head(key)) !== null) return false
    await this.inner.put(key, bytes)
    return true
  }
  override async probeConditionalPut(): Promise<boolean> {
    return false
  }
}
