import { spawn } from 'node:child_process'

/** The server from its sources, started again when one changes: npm run dev [-- flags]. */

const given = process.argv.slice(2)
const child = spawn(process.execPath, ['--watch', 'cmd/tempo.ts', '--target=all', ...given], {
  stdio: 'inherit',
})
for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal))
// The terminal tells the child as well: this process only has to stay until that ends.
process.on('SIGINT', () => undefined)
child.on('exit', code => process.exit(code ?? 1))
