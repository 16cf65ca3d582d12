/** Before each file of tests: `vi.waitFor` waits as long as a test may take, not a second, which a busy machine passes. */

import { vi } from 'vitest'

const LIMIT_MS = 120_000
const { waitFor } = vi

vi.waitFor = (check, options = {}) =>
  waitFor(check, { timeout: LIMIT_MS, ...(typeof options === 'number' ? { timeout: options } : options) })
