import fc from 'fast-check'

/**
 * Loaded before each test file where `SEED` is given, or in CI: random tests then run the same
 * examples each time. Elsewhere, and in `npm run fuzz`, they look for new ones.
 */
fc.configureGlobal({ seed: Number(process.env['SEED'] ?? 1) })
