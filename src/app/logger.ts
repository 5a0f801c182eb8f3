import { pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { Log } from '../base/log.ts'

export type LogFormat = 'auto' | 'human' | 'json' | 'logfmt'

/** Lines to standard error: human on a terminal, logfmt or JSON elsewhere. */
export function createLogger(format: LogFormat, level: string): Log {
  const isTerminal = process.stderr.isTTY === true
  const shape = format === 'auto' ? (isTerminal ? 'human' : 'json') : format
  const colorize = isTerminal && process.env['NO_COLOR'] === undefined
  const pretty = prettyFactory({
    colorize,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'pid,hostname',
  })
  const print: Record<string, (line: string) => string> = {
    human: line => pretty(line) ?? '',
    logfmt: line => logfmt(JSON.parse(line) as Record<string, unknown>),
    json: line => line,
  }
  const write = print[shape] ?? print['json']!
  return pino(
    {
      level: level === 'warning' ? 'warn' : level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
    },
    { write: (line: string) => process.stderr.write(write(line)) },
  )
}

const levels: Record<number, string> = {
  10: 'debug',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'error',
}

function logfmt(record: Record<string, unknown>): string {
  const { level, time, msg, ...fields } = record
  const pairs = [`ts=${time}`, `level=${levels[Number(level)] ?? level}`, `msg=${quoted(msg)}`]
  for (const [key, value] of Object.entries(fields)) pairs.push(`${key}=${quoted(value)}`)
  return `${pairs.join(' ')}\n`
}

function quoted(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[^\s"=]+$/.test(text ?? '') ? text : JSON.stringify(text ?? '')
}
