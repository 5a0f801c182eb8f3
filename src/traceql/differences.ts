/** Where an answer is not Tempo's, and why. */
export interface Difference {
  readonly text: string
  /** As in the table of features; null where no query shows it. */
  readonly example: { readonly query: string; readonly gives: string } | null
}

export const differences: readonly Difference[] = [
  {
    text: 'Tempo hands a comparison with a literal to its storage, where it meets values of the type of the literal only; its own engine compares numbers as numbers. Here they are numbers everywhere, and exact.',
    example: { query: '{ .attempts > 0.5 && 5 > .attempts }', gives: 'pay; process order' },
  },
  {
    text: 'Division by zero, `!` or `-` in front of a wrong type, and arithmetic on arrays fail a whole query of Tempo with 500. One odd span should not do that: here the condition is false for it.',
    example: { query: '{ .items / 0 = 1 || !.price || .labels + 1 = 2 }', gives: 'nothing' },
  },
  {
    text: 'A division of constants by zero is a mistake in the query, and refused.',
    example: { query: '{ .items = 1 / 0 }', gives: 'refused: division by zero' },
  },
  {
    text: '`^` takes its operands in the order in which they are written; for whole numbers Tempo exchanges them.',
    example: { query: '{ .items ^ 2 = 9 }', gives: 'load cart' },
  },
  {
    text: '`!=` and `!~` of several values mean that none is equal, as Tempo documents it, in every position.',
    example: { query: '{ event.reason != "refused" }', gives: 'nothing' },
  },
  {
    text: 'Without scope `= nil` means that neither the span nor its resource has the attribute.',
    example: { query: '{ .region = nil }', gives: 'nothing' },
  },
  {
    text: 'Of several roots the earliest gives a trace its name, and ties are broken by start, trace id and span id: answers are the same each time.',
    example: {
      query: '{ rootName = "process order" } | { kind = consumer }',
      gives: 'process order',
    },
  },
  {
    text: 'Spans without a number are skipped by `sum_over_time`, which gives no sample in Tempo as soon as there is one of them.',
    example: { query: '{ } | sum_over_time(.items)', gives: '__name__ = sum_over_time: 7' },
  },
  {
    text: 'Floats above 0 are in the buckets of `histogram_over_time` and `quantile_over_time`; Tempo leaves them out.',
    example: { query: '{ } | histogram_over_time(.price)', gives: '__bucket = 32: 2' },
  },
  {
    text: 'An array counts as missing in `by`, since which of its elements would be arbitrary.',
    example: {
      query: '{ .items != nil } | by(.labels)',
      gives: 'by(.labels) = nil: load cart, SELECT cart',
    },
  },
  {
    text: 'Tempo ignores conditions without a scope in the filter of a request for tags or their values. Here every filter that can be read is applied; one that cannot is ignored, as in Tempo.',
    example: null,
  },
  {
    text: 'Tag names and values are the same before and after data is written to blocks, and ids, statuses and kinds among the values are readable.',
    example: null,
  },
  {
    text: 'A search without a range covers recent data, as in Tempo, and goes on with older blocks when that does not fill the limit.',
    example: null,
  },
]
