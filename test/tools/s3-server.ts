import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client } from 'minio'
import { findOnPath, findOrBuild } from './program.ts'

/** A real S3 server with an empty bucket, on a port and a directory of its own. */
export interface S3Server {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string
  readonly accessKey: string
  readonly secretKey: string
  readonly bucket: string
  stop(): Promise<void>
}

const versity = {
  name: 'versitygw',
  package: 'github.com/versity/versitygw/cmd/versitygw@v1.8.0',
}
const accessKey = 'tempo'
const secretKey = 'supersecret'
const bucket = 'tempo'
const readyTimeoutMs = 20_000
const startsMax = 3

/** MinIO when it is on PATH, else versitygw. Fails with MissingProgram when there is neither. */
export async function startS3Server(): Promise<S3Server> {
  const minio = await findOnPath('minio')
  const program = minio ?? (await findOrBuild(versity))
  for (let start = 1; ; start++) {
    const directory = await mkdtemp(join(tmpdir(), 'vivace-s3-'))
    const port = await freePort()
    const child = startProgram(program, minio !== null, port, directory)
    const stop = () => stopProgram(child, directory)
    try {
      await waitUntilReady(child, port)
      await makeBucket(port)
      return { endpoint: `http://127.0.0.1:${port}`, accessKey, secretKey, bucket, stop }
    } catch (error) {
      await stop()
      // Somebody else may have taken the port in between.
      if (start === startsMax) throw error
    }
  }
}

function startProgram(
  program: string,
  isMinio: boolean,
  port: number,
  directory: string,
): ChildProcess {
  const address = `127.0.0.1:${port}`
  const versityArguments = ['--access', accessKey, '--secret', secretKey, '--port', address]
  const child = spawn(
    program,
    isMinio
      ? ['server', '--quiet', '--address', address, directory]
      : [...versityArguments, '--quiet', '--keep-alive', 'posix', directory],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey },
    },
  )
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return child
}

async function waitUntilReady(child: ChildProcess, port: number): Promise<void> {
  const printed: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (piece: string) => printed.push(piece))
  const untilMs = Date.now() + readyTimeoutMs
  let failed: Error | null = null
  child.once('error', error => {
    failed = error
  })
  while (Date.now() < untilMs) {
    if (failed) throw failed
    if (child.exitCode !== null) throw new Error(`the S3 server ended: ${printed.join('')}`)
    try {
      await fetch(`http://127.0.0.1:${port}/`)
      return
    } catch {
      await pause(20)
    }
  }
  throw new Error(`the S3 server did not answer within ${readyTimeoutMs} ms`)
}

async function makeBucket(port: number): Promise<void> {
  const client = new Client({ endPoint: '127.0.0.1', port, useSSL: false, accessKey, secretKey })
  await client.makeBucket(bucket, 'us-east-1')
}

async function stopProgram(child: ChildProcess, directory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const ended = new Promise(resolve => child.once('exit', resolve))
    child.kill('SIGTERM')
    const forced = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(forced)
  }
  await rm(directory, { recursive: true, force: true })
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}
