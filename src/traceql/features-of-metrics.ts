import type { FeatureSection } from './feature.ts'

/** Metrics functions, what follows them, and hints. */
export const metricsFeatures: readonly FeatureSection[] = [
  {
    title: 'Metrics',
    text: [
      'A metrics function at the end of a pipeline counts or measures the spans that are left, by the time at which they start. Buckets have the length of the step, are open on the left and closed on the right, and carry the time of their right edge. An instant query has one bucket for the whole range.',
      'Durations are in seconds here. The examples are instant queries over 100 seconds.',
    ],
    features: [
      {
        what: '`rate()`',
        since: '2.4',
        state: 'supported',
        note: 'Spans per second.',
        example: '{ } | rate()',
        gives: '__name__ = rate: 0.08',
      },
      {
        what: '`count_over_time()`',
        since: '2.4',
        state: 'supported',
        note: 'Spans.',
        example: '{ status = error } | count_over_time()',
        gives: '__name__ = count_over_time: 2',
      },
      {
        what: '`min_over_time(x)`, `max_over_time(x)`',
        since: '2.7',
        state: 'supported',
        note: 'No sample where no span has a number.',
        example: '{ } | max_over_time(duration)',
        gives: '__name__ = max_over_time: 2.5',
      },
      {
        what: '`sum_over_time(x)`',
        since: '2.8',
        state: 'supported',
        note: 'Spans without a number are skipped.',
        example: '{ } | sum_over_time(.price)',
        gives: '__name__ = sum_over_time: 39',
      },
      {
        what: '`avg_over_time(x)`',
        since: '2.7',
        state: 'supported',
        note: '',
        example: '{ } | avg_over_time(.items)',
        gives: '__name__ = avg_over_time: 3.5',
      },
      {
        what: '`histogram_over_time(x)`',
        since: '2.5',
        state: 'supported',
        note: 'Spans by the next power of two: of whole numbers from 2 on, of floats above 0, and of durations in nanoseconds.',
        example: '{ kind = client } | histogram_over_time(duration)',
        gives: '__bucket = 0.134217728: 1; __bucket = 2.147483648: 1',
      },
      {
        what: '`quantile_over_time(x, q, …)`',
        since: '2.5',
        state: 'supported',
        note: 'Estimated from the histogram.',
        example: '{ } | quantile_over_time(.items, 0.5, 1)',
        gives: 'p = 0.5: 2.82843; p = 1: 4',
      },
      {
        what: '`by (a, b)`',
        since: '2.4',
        state: 'supported',
        note: 'At most five fields. Labels keep the types of values; `nil` where no field has one.',
        example: '{ } | count_over_time() by (resource.service.name)',
        gives:
          'resource.service.name = frontend: 2; resource.service.name = cart: 1; resource.service.name = postgres: 1; resource.service.name = payment: 1; resource.service.name = shipping: 2; resource.service.name = : 1',
      },
      {
        what: '`compare({ … }, top)`',
        since: '2.6',
        state: 'supported',
        note: 'How often values occur among the selected spans and among the others; the `top` most frequent of each attribute, 10 by default.',
        example: '{ } | compare({ status = error }, 1)',
        gives:
          '__meta_type = selection, name = POST /checkout: 1; __meta_type = selection_total, name = nil: 2; __meta_type = selection, kind = client: 1; …',
      },
    ],
  },
  {
    title: 'Metrics put together',
    text: ['Stages and arithmetic work on series, at each time by itself.'],
    features: [
      {
        what: '`topk(n)`, `bottomk(n)`',
        since: '2.8',
        state: 'supported',
        note: 'The n greatest or least samples. Ties go to the first series in the order of labels, or the last.',
        example: '{ } | count_over_time() by (kind) | topk(1)',
        gives: 'kind = client: 2',
      },
      {
        what: 'comparison with a number',
        since: '3.0',
        state: 'supported',
        note: 'Directly behind the function, without `|`; drops samples.',
        example: '{ } | count_over_time() by (resource.service.name) > 1',
        gives: 'resource.service.name = frontend: 2; resource.service.name = shipping: 2',
      },
      {
        what: 'arithmetic',
        since: 'after 3.0',
        state: 'supported',
        note: '`+ - * /` of queries in brackets and numbers. Series with equal labels meet; one without labels meets all. No sample where one is missing or the divisor is 0.',
        example: '({ status = error } | count_over_time()) / ({ } | count_over_time())',
        gives: '__name__ = (count_over_time / count_over_time): 0.25',
      },
      {
        what: 'arithmetic with a number',
        since: 'after 3.0',
        state: 'supported',
        note: '',
        example: '({ status = error } | rate()) * 60',
        gives: '__name__ = rate: 1.2',
      },
    ],
  },
  {
    title: 'Hints',
    text: [
      '`with (name = value, …)` at the end of a query. Unknown names and values of a wrong type are ignored.',
    ],
    features: [
      {
        what: '`most_recent`',
        since: '2.8',
        state: 'supported',
        note: 'Accepted; a search always gives the newest traces.',
        example: '{ name = "pay" } with (most_recent = true)',
        gives: 'pay',
      },
      {
        what: '`exemplars`',
        since: '2.10',
        state: 'supported',
        note: 'For metrics: `false`, `true`, or how many.',
        example: '{ } | rate() with (exemplars = false)',
        gives: '__name__ = rate: 0.08',
      },
      {
        what: '`sample`, `span_sample`, `trace_sample`',
        since: '2.9',
        state: 'supported',
        note: 'Accepted: the answer is that over all spans.',
        example: '{ } | count_over_time() with (sample = 0.1)',
        gives: '__name__ = count_over_time: 8',
      },
    ],
  },
]
