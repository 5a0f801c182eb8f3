import { lookup } from 'node:dns/promises'

/** Where a process may be: an address and a port. */
export interface Place {
  readonly host: string
  readonly port: number
}

/** `host:port`, in brackets where the host is an IPv6 address. */
export function placeText({ host, port }: Place): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/**
 * All addresses of names such as `host`, `host:port`, `[::1]:port` or `dns+host:port`, each once.
 * A name that is not known gives none: its processes have not been made yet.
 */
export async function resolvePlaces(
  names: readonly string[],
  defaultPort: number,
): Promise<Place[]> {
  const found = new Map<string, Place>()
  for (const name of names) {
    const match = /^(?:dns(?:srv)?\+)?(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(name)
    if (!match) continue
    const host = match[1]!.replace(/^\[|\]$/g, '')
    const port = Number(match[2] ?? defaultPort)
    try {
      for (const { address } of await lookup(host, { all: true })) {
        const place = { host: address, port }
        found.set(placeText(place), place)
      }
    } catch {
      // Not known, or no resolver answers: it is asked again with the next look.
    }
  }
  return [...found.values()]
}
