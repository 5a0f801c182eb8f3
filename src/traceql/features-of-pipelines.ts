import type { FeatureSection } from './feature.ts'

/** Filters put together, and what follows them. */
export const pipelineFeatures: readonly FeatureSection[] = [
  {
    title: 'Spansets',
    text: [
      'Filters look at one span. Operators between them join what they find in one trace; all operators of structure bind stronger than `&&` and `||`, and all group from the left.',
    ],
    features: [
      {
        what: '`{ }`',
        since: '2.0',
        state: 'supported',
        note: 'Every span.',
        example: '{ }',
        gives:
          'GET /cart, load cart, SELECT cart; POST /checkout, pay, send order; process order, late step',
      },
      {
        what: '`L && R`',
        since: '2.0',
        state: 'supported',
        note: 'Both, in traces that have both.',
        example: '{ kind = client } && { status = error }',
        gives: 'POST /checkout, pay',
      },
      {
        what: '`L || R`',
        since: '2.0',
        state: 'supported',
        note: 'Both, in traces that have either.',
        example: '{ .price != nil } || { kind = producer }',
        gives: 'pay, send order; process order',
      },
    ],
  },
  {
    title: 'Structure',
    text: [
      'The result is spans of the right side. A span without a way up to a root of its trace is in no relation to any other.',
    ],
    features: [
      {
        what: '`L > R`',
        since: '2.2',
        state: 'supported',
        note: 'Children of L.',
        example: '{ kind = server } > { }',
        gives: 'load cart; pay, send order',
      },
      {
        what: '`L >> R`',
        since: '2.2',
        state: 'supported',
        note: 'Descendants of L.',
        example: '{ name = "GET /cart" } >> { }',
        gives: 'load cart, SELECT cart',
      },
      {
        what: '`L < R`',
        since: '2.3',
        state: 'supported',
        note: 'Parents of L.',
        example: '{ name = "pay" } < { }',
        gives: 'POST /checkout',
      },
      {
        what: '`L << R`',
        since: '2.3',
        state: 'supported',
        note: 'Ancestors of L.',
        example: '{ name = "SELECT cart" } << { }',
        gives: 'GET /cart, load cart',
      },
      {
        what: '`L ~ R`',
        since: '2.2',
        state: 'supported',
        note: 'Siblings of L: other spans with the same parent, or without any in the same trace.',
        example: '{ name = "pay" } ~ { }',
        gives: 'send order',
      },
      {
        what: '`!>`, `!>>`, `!<`, `!<<`, `!~`',
        since: '2.3',
        state: 'supported',
        note: 'Spans of the right side that are in this relation to no span of the left.',
        example: '{ kind = server } !> { kind = client }',
        gives: 'SELECT cart',
      },
      {
        what: '`&>`, `&>>`, `&<`, `&<<`, `&~`',
        since: '2.4',
        state: 'supported',
        note: 'Spans of both sides that are in this relation.',
        example: '{ kind = server } &> { kind = client }',
        gives: 'POST /checkout, pay',
      },
      {
        what: 'chains',
        since: '2.2',
        state: 'supported',
        note: '`A > B > C` is `(A > B) > C`.',
        example: '{ kind = server } > { } > { kind = client }',
        gives: 'SELECT cart',
      },
    ],
  },
  {
    title: 'Pipelines',
    text: [
      'Stages follow each other with `|`. A stage works on spansets, which are spans of one trace: one per trace at first.',
    ],
    features: [
      {
        what: 'filter after filter',
        since: '2.0',
        state: 'supported',
        note: 'Looks at the spans that are left.',
        example: '{ status = error } | { kind = client }',
        gives: 'pay',
      },
      {
        what: '`count()`',
        since: '2.0',
        state: 'supported',
        note: 'Keeps spansets of that many spans.',
        example: '{ } | count() > 2',
        gives:
          'count() = 3: GET /cart, load cart, SELECT cart; count() = 3: POST /checkout, pay, send order',
      },
      {
        what: '`min(x)`, `max(x)`, `sum(x)`, `avg(x)`',
        since: '2.0',
        state: 'supported',
        note: 'Of the spans that have a number; without any the spanset is dropped. `x` may be computed. `count` and `avg` are older than the others (2.1).',
        example: '{ } | sum(.items) = 7',
        gives: 'sum(.items) = 7: GET /cart, load cart, SELECT cart',
      },
      {
        what: '`by(x)`',
        since: '2.2',
        state: 'supported',
        note: 'One spanset for each value, which keeps its type; `nil` for spans without one. An array counts as missing.',
        example: '{ kind = client || kind = server } | by(kind)',
        gives:
          'by(kind) = server: GET /cart; by(kind) = client: SELECT cart; by(kind) = server: POST /checkout; by(kind) = client: pay',
      },
      {
        what: 'groups and aggregates',
        since: '2.2',
        state: 'supported',
        note: '',
        example: '{ } | by(status) | count() > 1',
        gives:
          'by(status) = unset, count() = 2: GET /cart, load cart; by(status) = error, count() = 2: POST /checkout, pay',
      },
      {
        what: '`coalesce()`',
        since: '2.2',
        state: 'supported',
        note: 'Makes the groups of a trace one again.',
        example: '{ status = error } | by(name) | coalesce()',
        gives: 'POST /checkout, pay',
      },
      {
        what: '`select(a, b)`',
        since: '2.2',
        state: 'supported',
        note: 'Shows these attributes, besides all that the query reads.',
        example: '{ name = "pay" } | select(.price)',
        gives: 'pay',
      },
      {
        what: 'pipelines as operands',
        since: '2.0',
        state: 'supported',
        note: 'Then both sides are pipelines in brackets.',
        example: '({ status = error } | count() > 1) >> ({ kind = client })',
        gives: 'pay',
      },
      {
        what: 'aggregates compared with each other',
        since: '',
        state: 'refused',
        note: 'Refused, as in Tempo.',
        example: '{ } | max(.items) > min(.items)',
        gives: 'refused: scalar filter rhs of type (min(.items)) not yet supported',
      },
    ],
  },
]
