import { configMarkdown } from '../src/app/config/docs.ts'
import { referenceYaml } from '../src/app/config/show.ts'
import { writePages } from './write-pages.ts'

/**
 * Writes docs/config.md and config/reference.yaml from the declared settings; with --check only
 * says whether they are up to date. Run: node scripts/generate-config-docs.ts [--check]
 */

writePages(
  [
    { path: 'docs/config.md', text: configMarkdown() },
    { path: 'config/reference.yaml', text: referenceYaml() },
  ],
  'scripts/generate-config-docs.ts',
)
