import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { tokenize } from './lexer.ts'
import type { Token } from './token.ts'

const test = suite('lexer')

/** A short form of all tokens but the end: `word:x`, `int:5`, `span.x`. */
function shown(text: string): string[] {
  return tokenize(text)
    .filter(token => token.type !== 'end')
    .map(show)
}

function show(token: Token): string {
  switch (token.type) {
    case 'symbol':
      return token.text
    case 'word':
    case 'scope':
      return `${token.type}:${token.text}`
    case 'attribute':
      return `${token.parent ? 'parent ' : ''}${token.scope}.${token.key}`
    case 'end':
      return 'end'
    case 'bad':
      return `bad@${token.at}: ${token.message}`
    default:
      return `${token.type}:${token.value}`
  }
}

const readings: readonly (readonly [string, readonly string[]])[] = [
  ['.num-1 = 5', ['any.num-1', '=', 'int:5']],
  ['.num - 1', ['any.num', '-', 'int:1']],
  ['.a+1=2', ['any.a+1', '=', 'int:2']],
  ['span.a/b:c;d*e', ['span.a/b:c;d*e']],
  ['.größe', ['any.größe']],
  ['."user name"', ['any.user name']],
  ['.http."status_code"', ['any.http.status_code']],
  ['.user" "name', ['any.user name']],
  ['."q\\"\\\\"', ['any.q"\\']],
  ['."1st"', ['any.1st']],
  ['span.1st', ['span.1st']],
  ['span.parent.x', ['span.parent.x']],
  ['parent.x', ['parent any.x']],
  ['parent.span.x', ['parent span.x']],
  ['parent.resource.x', ['parent resource.x']],
  ['parent.spanx', ['parent any.spanx']],
  ['span:name', ['scope:span', 'word:name']],
  ['foo:name', ['word:foo', 'bad@3: unexpected character: :']],
  ['a&&b||c', ['word:a', '&&', 'word:b', '||', 'word:c']],
  ['!>>!<<&>>&<<!>!<&>&<!~&~', ['!>>', '!<<', '&>>', '&<<', '!>', '!<', '&>', '&<', '!~', '&~']],
  ['=~!=<=>=', ['=~', '!=', '<=', '>=']],
  ['"a" // b\n"c" /* d\n */ "e"', ['string:a', 'string:c', 'string:e']],
  ['"\\u00e9\\U0001F600\\x41\\101\\xc3\\xa9"', ['string:é😀AAé']],
  ['`a\\b\r\n`', ['string:a\\b\n']],
  [
    '01 5 .5 5. 1e9 1e-9',
    ['int:1', 'int:5', 'float:0.5', 'float:5', 'float:1000000000', 'float:1e-9'],
  ],
  ['9223372036854775807', ['int:9223372036854775807']],
  ['5s', ['duration:5000000000']],
  ['1m30s', ['duration:90000000000']],
  ['1s500ms', ['duration:1500000000']],
  ['1.5h', ['duration:5400000000000']],
  ['1d12h', ['duration:129600000000000']],
  ['1y 1w', ['duration:31536000000000000', 'duration:604800000000000']],
  ['1us 1µs 1μs', ['duration:1000', 'duration:1000', 'duration:1000']],
  ['1s1m', ['duration:61000000000']],
  ['5 s', ['int:5', 'word:s']],
]

for (const [text, expected] of readings) {
  test(`reads ${text}`, () => {
    assert.equal(shown(text), expected)
  })
}

const failures: readonly (readonly [string, string])[] = [
  ['9223372036854775808', 'bad@0: integer out of range: 9223372036854775808'],
  ['0x10', 'bad@0: invalid number or duration: 0x10'],
  ['1_000', 'bad@0: invalid number or duration: 1_000'],
  ['1.5d', 'bad@0: invalid number or duration: 1.5d'],
  ['1h1d', 'bad@0: invalid number or duration: 1h1d'],
  ['1d500us', 'bad@0: invalid number or duration: 1d500us'],
  ['300y', 'bad@0: invalid number or duration: 300y'],
  ['1e999', 'bad@0: float out of range: 1e999'],
  ['.1st', 'bad@0: invalid number or duration: .1st'],
  ['. = 1', 'bad@1: attribute name is missing after the dot'],
  ['.""', 'bad@1: attribute name is missing after the dot'],
  ['."a\\n"', 'bad@3: invalid escape sequence'],
  ['."a', 'bad@3: unexpected EOF, expecting "'],
  ['"a', 'bad@0: literal not terminated'],
  ['"a\nb"', 'bad@0: literal not terminated'],
  ['`a', 'bad@0: literal not terminated'],
  ['"\\d"', 'bad@1: invalid char escape'],
  ['"\\ud800"', 'bad@1: invalid char escape'],
  ['"\\400"', 'bad@1: invalid char escape'],
  ["'a'", 'bad@0: invalid char literal'],
  ['"a\0"', 'bad@2: invalid character NUL'],
  ['\0', 'bad@0: invalid character NUL'],
  ['/* a', 'bad@0: comment not terminated'],
  ['&', 'bad@0: unexpected character: &'],
  ['😀', 'bad@0: unexpected character: 😀'],
]

for (const [text, expected] of failures) {
  test(`refuses ${JSON.stringify(text)}`, () => {
    assert.is(shown(text).at(-1), expected)
  })
}

test.run()
