/** What a person sees first: where everything listens, and how to send a span. */
export interface BannerFacts {
  readonly version: string
  readonly targets: readonly string[]
  readonly data: string
  readonly readyMs: number
  readonly endpoints: readonly (readonly [string, string])[]
}

export function banner(facts: BannerFacts): string {
  const { version, targets, data, readyMs, endpoints } = facts
  const modules = targets.includes('all') ? 'all modules' : targets.join(', ')
  const seconds = (readyMs / 1000).toFixed(1)
  const width = Math.max(...endpoints.map(([label]) => label.length), 10)
  const lines = [
    '',
    `  Vivace ${version}   node ${process.version.slice(1)}   ${modules}   ${data}   ready in ${seconds} s`,
    '',
    ...endpoints.map(([label, address]) => `  ${label.padEnd(width)}  ${address}`),
  ]
  const otlp = endpoints.find(([label]) => label === 'OTLP http')?.[1]
  if (otlp) {
    lines.push(
      '',
      `  export OTEL_EXPORTER_OTLP_ENDPOINT=${otlp}`,
      '  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
      '',
      '  A first span:',
      `  curl -H 'Content-Type: application/json' ${otlp}/v1/traces -d '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"hello"}}]},"scopeSpans":[{"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"first span","startTimeUnixNano":"'$(date +%s)'000000000","endTimeUnixNano":"'$(date +%s)'500000000"}]}]}]}'`,
    )
  }
  return `${lines.join('\n')}\n\n`
}
