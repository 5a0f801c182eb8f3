/**
 * Stands in for the server in the test of the stub: says who it is, in one line of JSON, then does
 * what its first argument says.
 */
const [what, value] = process.argv.slice(2)
const signals: string[] = []

switch (what) {
  case 'fail':
    throw new Error('the port is taken\nby somebody')
  case 'exit':
    sayHello()
    process.exitCode = Number(value)
    break
  case 'die':
    sayHello()
    process.kill(process.pid, value)
    break
  case 'stay':
    stay(Number(value))
    sayHello()
    break
  default:
    throw new Error(`unknown ${what}`)
}

/** Ends `afterMs` after the first signal, with the signals it got in between. */
function stay(afterMs: number): void {
  const timer = setInterval(() => undefined, 1000)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      signals.push(signal)
      if (signals.length > 1) return
      setTimeout(() => {
        clearInterval(timer)
        console.log(JSON.stringify(signals))
        process.exitCode = 3
      }, afterMs)
    })
  }
}

function sayHello(): void {
  const { pid, version, argv } = process
  const guards = Object.keys(process.env).filter(name => name.startsWith('VIVACE_NODE'))
  console.log(JSON.stringify({ pid, version, args: argv.slice(2), guards }))
}
