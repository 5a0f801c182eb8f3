import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Metafile } from 'esbuild'
import { licenseTexts } from './license-texts.ts'

/**
 * Makes dist/: `tempo.js`, the stub that any Node can parse, `server.js`, the entry of every thread
 * of the server, and the chunks that it loads. Run: npm run build [-- --entry=<file> --out=<dir>]
 *
 * Workers start from the URL of server.js, so code never looks for a file beside itself.
 */

const root = fileURLToPath(new URL('../', import.meta.url))
const entry = option('entry') ?? join(root, 'cmd/tempo.ts')
const out = option('out') ?? join(root, 'dist')

// Packages in the older module format call require and expect the two names; a chunk has neither.
const banner = [
  "import { createRequire as createRequire_ } from 'node:module'",
  'const require = createRequire_(import.meta.url)',
  'const __filename = import.meta.filename',
  'const __dirname = import.meta.dirname',
].join(';')

const common = {
  absWorkingDir: root,
  outdir: out,
  bundle: true,
  platform: 'node',
  format: 'esm',
  metafile: true,
  logLevel: 'warning',
  // Readable stack traces are worth more than the kilobytes.
  minify: false,
} satisfies BuildOptions

const startMs = performance.now()
rmSync(out, { recursive: true, force: true })
await build({
  ...common,
  entryPoints: [{ in: join(root, 'cmd/stub.js'), out: 'tempo' }],
  target: 'node12',
  supported: { 'dynamic-import': true },
  banner: { js: '#!/usr/bin/env node' },
})
const server = await build({
  ...common,
  entryPoints: [{ in: entry, out: 'server' }],
  chunkNames: 'chunks/[name]-[hash]',
  splitting: true,
  target: 'node22',
  sourcemap: true,
  banner: { js: banner },
})
chmodSync(join(out, 'tempo.js'), 0o755)
writeFileSync(join(out, 'third-party-licenses.txt'), licenseTexts(root, server.metafile))
// Where an older Node finds one that runs this build; checked before use, absent from packages.
writeFileSync(join(out, 'node-path.txt'), process.execPath)
report(server.metafile)

function option(name: string): string | undefined {
  const prefix = `--${name}=`
  return process.argv.find(argument => argument.startsWith(prefix))?.slice(prefix.length)
}

function report(metafile: Metafile): void {
  const scripts = Object.entries(metafile.outputs).filter(([name]) => name.endsWith('.js'))
  const bytes = scripts.reduce((sum, [, output]) => sum + output.bytes, 0)
  const megabytes = (bytes / 1e6).toFixed(1)
  const tookMs = Math.round(performance.now() - startMs)
  console.log(`built ${out}: ${scripts.length} files, ${megabytes} MB, in ${tookMs} ms`)
}
