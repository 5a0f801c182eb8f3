import { escapeHtml, jsonText } from '../../wire/json-bytes.ts'

/** Pieces of proto3 JSON: members with a zero or empty value are empty text, and so left out. */

export function object(members: readonly string[]): string {
  return `{${members.filter(member => member !== '').join()}}`
}

export function text(name: string, value: string): string {
  return value === '' ? '' : `"${name}":${jsonText(value)}`
}

export function number(name: string, value: number | undefined): string {
  return value === undefined || value === 0 ? '' : `"${name}":${value}`
}

/** A 64-bit number. */
export function long(name: string, value: string | number | undefined): string {
  return value === undefined || Number(value) === 0 ? '' : `"${name}":"${value}"`
}

export function list(name: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `"${name}":[${items.join()}]`
}

export function strings(values: readonly string[]): string {
  return escapeHtml(JSON.stringify(values))
}
