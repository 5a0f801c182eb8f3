/** Text of a query, UTF-8 bytes; Tempo's default. A deployment may configure another value. */
export const queryBytesMaxDefault = 128 * 1024

/**
 * Brackets, prefix operators and tree levels. Everything that walks a query may recurse this deep,
 * here and in whoever evaluates a predicate; chains of the same logical operator are one level.
 */
export const nestingMax = 256

/** Length of one regular expression, UTF-16 units: room for some 800 service names. */
export const regexLengthMax = 16 * 1024

/** All different regular expressions of a query together: bounds the time to compile them. */
export const regexLengthTotalMax = 64 * 1024

/** Compiled instructions of a query: `(a{900}){…}` is short to write and costly to run. */
export const regexProgramMax = 100_000

/** Each Unicode class (`\pL`) costs about 0.2 ms to compile, whatever its length. */
export const regexUnicodeClassesMax = 128

/** Work of the constant matches of a query, `{ "text" =~ "regex" }`: text length × instructions. */
export const constantMatchMax = 10_000_000

/** Attributes of a metrics `by()`; quantiles and histograms spend one on their own label. */
export const metricsGroupMax = 5

/** Values per attribute that `compare()` may be asked for. */
export const compareTopMax = 1000

/** Different regular expressions of a query: each is run over all values of an attribute. */
export const regexCountMax = 64

/** Places of a query that read a field, in conditions, aggregates and groups. */
export const fieldsMax = 4096

/** Arithmetic operators and comparisons of two fields: each takes a number for every span. */
export const computationsMax = 256

/** Comparisons by order with a text: each looks at all values of an attribute. */
export const textOrdersMax = 512

/** Aggregates, groups and operators between spansets, and stages behind a metrics function. */
export const stepsMax = 128

/** Metrics functions of a query: each is a query of its own. */
export const metricsTermsMax = 128
