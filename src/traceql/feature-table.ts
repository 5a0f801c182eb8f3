import type { FeatureSection } from './feature.ts'
import { filterFeatures } from './features-of-filters.ts'
import { metricsFeatures } from './features-of-metrics.ts'
import { pipelineFeatures } from './features-of-pipelines.ts'

/** What the language offers to users, in the order of docs/traceql.md, which is written from it. */
export const featureTable: readonly FeatureSection[] = [
  ...filterFeatures,
  ...pipelineFeatures,
  ...metricsFeatures,
]
