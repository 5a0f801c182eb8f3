/** Remembers the last result: tests ask the same in several places. */
export function keepLast<Result>(parse: (text: string) => Result): (text: string) => Result {
  let last: { readonly text: string; readonly result: Result } | undefined
  return text => {
    if (last?.text !== text) last = { text, result: parse(text) }
    return last.result
  }
}
