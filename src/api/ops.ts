import { Hono } from 'hono'

/** Health, metrics and status pages: what every process has, whatever its modules. */
export interface OpsDeps {
  /** Null when ready, else a sentence that says what is not. */
  notReady(): string | null
  metrics(): Promise<string>
  readonly version: BuildInfo
  /** Module name and state. */
  services(): readonly (readonly [string, string])[]
  endpoints(): readonly (readonly [string, string])[]
  /** YAML; null for a mode that does not exist. */
  config(mode: string): string | null
  runtimeConfig(): string
  members(): string | null
  /** Limits of a tenant, or the defaults; JSON-able. */
  limits(tenant: string | undefined): unknown
  /** Tenants with limits of their own. */
  limitedTenants(): readonly string[]
  /** Present on ingesters. Resolves with false for a tenant that is not known. */
  flush?: (tenant: string | undefined) => Promise<boolean>
  shutdown?: () => void
}

export interface BuildInfo {
  readonly version: string
  readonly revision: string
  readonly branch: string
  readonly buildUser: string
  readonly buildDate: string
  readonly goVersion: string
}

const text = { 'Content-Type': 'text/plain; charset=utf-8' }

export function opsRoutes(deps: OpsDeps): Hono {
  const app = new Hono()
  app.all('/ready', context => {
    const why = deps.notReady()
    return why === null ? context.body('ready\n', 200, text) : context.body(`${why}\n`, 503, text)
  })
  app.all('/metrics', async context => {
    const body = await deps.metrics()
    return context.body(body, 200, {
      'Content-Type': 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
    })
  })
  app.all('/api/status/buildinfo', context => {
    if (context.req.method !== 'GET' && context.req.method !== 'HEAD')
      return context.body(null, 405)
    return context.body(`${JSON.stringify(deps.version)}\n`, 200, {
      'Content-Type': 'application/json',
    })
  })
  app.all('/memberlist', context => {
    return context.body(deps.members() ?? "This instance doesn't use memberlist.\n", 200, text)
  })
  addStatusPages(app, deps)
  addControls(app, deps)
  return app
}

type Section = (mode: string) => string | null

function addStatusPages(app: Hono, deps: OpsDeps): void {
  const sections: Record<string, Section> = {
    version: () => `vivace, version ${deps.version.version} (revision: ${deps.version.revision})\n`,
    services: () => table(['SERVICE NAME', 'STATUS'], deps.services()),
    endpoints: () => table(['NAME', 'REGEX'], deps.endpoints()),
    runtime_config: () => `---\n${deps.runtimeConfig()}`,
    config: mode => {
      const config = deps.config(mode)
      return config === null ? null : `---\n${config}`
    },
  }
  app.all('/status', context => {
    const parts = Object.entries(sections).map(
      ([name, show]) => `GET /status/${name}\n${show('all') ?? ''}`,
    )
    return context.body(parts.join('\n'), 200, text)
  })
  app.all('/status/usage-stats', context => context.body('usage-stats is not enabled\n', 200, text))
  app.all('/status/overrides', context => {
    const tenants = deps.limitedTenants()
    const head = `tenants with limits of their own: ${tenants.length === 0 ? 'none' : tenants.join(', ')}`
    return context.body(`${head}\n\ndefaults\n${shownLimits(deps.limits(undefined))}`, 200, text)
  })
  app.all('/status/overrides/:tenant', context => {
    const tenant = context.req.param('tenant')
    return context.body(`${tenant}\n${shownLimits(deps.limits(tenant))}`, 200, text)
  })
  app.all('/status/:name', context => {
    const show = Object.hasOwn(sections, context.req.param('name'))
      ? sections[context.req.param('name')]
      : undefined
    if (!show) return context.body('404 page not found\n', 404, text)
    const mode = context.req.query('mode') ?? 'all'
    const shown = show(mode)
    if (shown === null)
      return context.body(`unknown value for mode query parameter: ${mode}`, 500, text)
    return context.body(shown, 200, text)
  })
}

function addControls(app: Hono, deps: OpsDeps): void {
  const { flush, shutdown } = deps
  if (flush) {
    app.all('/flush', async context => {
      const known = await flush(context.req.query('tenant'))
      return context.body(null, known ? 204 : 404)
    })
  }
  if (shutdown) {
    app.all('/shutdown', context => {
      shutdown()
      return context.body('shutdown job acknowledged', 200, text)
    })
  }
}

function shownLimits(limits: unknown): string {
  return `${JSON.stringify(limits, null, 2)}\n`
}

function table(
  head: readonly [string, string],
  rows: readonly (readonly [string, string])[],
): string {
  const width = Math.max(...[head, ...rows].map(row => row[0].length))
  const line = `+-${'-'.repeat(width)}-+\n`
  const print = (row: readonly [string, string]) => `| ${row[0].padEnd(width)} | ${row[1]}\n`
  return line + print(head) + line + rows.map(print).join('') + line
}
