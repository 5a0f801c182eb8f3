import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What must be clean before every commit, in seconds: types, format and lint, the house rules. */

const root = fileURLToPath(new URL('../', import.meta.url))
// By name, since the server and the coverage leave JSON files of their own in the repository.
const linted = [
  'src',
  'cmd',
  'scripts',
  'test',
  'bench',
  'package.json',
  '.biome.json',
  '.knip.json',
]
const checks = [
  { name: 'types', args: ['node_modules/typescript/bin/tsc'] },
  {
    name: 'format and lint',
    args: ['node_modules/@biomejs/biome/bin/biome', 'check', ...linted],
  },
  { name: 'house rules', args: ['scripts/test.ts', 'test/tidy.test.ts'] },
]

for (const isGood of await Promise.all(checks.map(runCheck))) if (!isGood) process.exitCode = 1

async function runCheck(check: (typeof checks)[number]): Promise<boolean> {
  const startMs = performance.now()
  const child = spawn(process.execPath, check.args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', piece => {
      output += piece
    })
  }
  const code = await new Promise<number | null>(resolve => child.once('close', resolve))
  const took = ((performance.now() - startMs) / 1000).toFixed(1)
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${took.padStart(6)} s  ${check.name}`)
  if (code !== 0) console.log(output.trimEnd())
  return code === 0
}
