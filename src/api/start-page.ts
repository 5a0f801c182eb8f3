import { Hono } from 'hono'

/** `GET /`: what this is, where everything listens, and how to send a first span. */
export interface StartPage {
  readonly title: string
  readonly version: string
  /** Label and address. */
  readonly addresses: () => readonly (readonly [string, string])[]
  readonly links: readonly (readonly [string, string])[]
}

const securityHeaders = {
  'Content-Security-Policy': "default-src 'none'; style-src 'self'",
  'X-Content-Type-Options': 'nosniff',
}

export function startPageRoutes(page: StartPage): Hono {
  const app = new Hono()
  app.get('/', context => {
    const wantsHtml = (context.req.header('Accept') ?? '').includes('text/html')
    if (wantsHtml) return context.html(html(page), 200, securityHeaders)
    return context.body(plain(page), 200, {
      ...securityHeaders,
      'Content-Type': 'text/plain; charset=utf-8',
    })
  })
  return app
}

function plain(page: StartPage): string {
  const rows = [...page.addresses(), ...page.links]
  const width = Math.max(...rows.map(([label]) => label.length))
  const lines = rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`)
  return `${page.title} ${page.version}\n\n${lines.join('\n')}\n`
}

function html(page: StartPage): string {
  const rows = page
    .addresses()
    .map(([label, value]) => `<dt>${escapeHtml(label)}<dd>${escapeHtml(value)}`)
  const links = page.links.map(
    ([label, href]) => `<li><a href="${escapeHtml(href)}">${escapeHtml(label)}</a>`,
  )
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escapeHtml(page.title)}</title>
<h1>${escapeHtml(page.title)} ${escapeHtml(page.version)}</h1>
<p>A tracing server: it takes spans as OTLP and answers the query APIs of Grafana Tempo and Jaeger.</p>
<dl>${rows.join('\n')}</dl>
<ul>${links.join('\n')}</ul>
</html>
`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, char => `&#${char.charCodeAt(0)};`)
}
