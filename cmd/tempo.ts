import { isMainThread, workerData } from 'node:worker_threads'

/**
 * The entry of every thread: the server's, and that of each worker, which is started from the URL
 * handed down here (in the build, a worker of a chunk's own URL would end without a word). Each
 * thread loads only its own half.
 */
if (isMainThread) {
  const { run } = await import('../src/app/run.ts')
  await run({ argv: process.argv.slice(2), entry: new URL(import.meta.url) })
} else {
  const { runWorker } = await import('../src/app/worker.ts')
  await runWorker(workerData)
}
