import { traceqlPage } from './traceql-page.ts'
import { writePages } from './write-pages.ts'

/**
 * Writes docs/traceql.md from the table of features; with --check only says whether it is up to
 * date. Run: node scripts/generate-traceql-docs.ts [--check]
 */

writePages([{ path: 'docs/traceql.md', text: traceqlPage() }], 'scripts/generate-traceql-docs.ts')
