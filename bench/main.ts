import { benchCompaction } from './compaction.ts'
import { benchDecode } from './decode.ts'
import { benchIngest } from './ingest.ts'
import { benchQuery } from './query.ts'

/** `npm run bench [-- decode|compaction|ingest|query] [spans]`: figures, not tests; compare within one run. */
const names = process.argv.slice(2).filter(argument => !/^\d+$/.test(argument))
const spans = Number(process.argv.slice(2).find(argument => /^\d+$/.test(argument)) ?? 1_000_000)
const wanted = (name: string) => names.length === 0 || names.includes(name)
if (wanted('decode')) benchDecode(Math.min(spans, 300_000))
if (wanted('compaction')) benchCompaction(spans)
if (wanted('ingest')) await benchIngest(spans)
if (wanted('query')) await benchQuery(spans)
