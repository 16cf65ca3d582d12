import { defineConfig } from 'vitest/config'

// Limits against a hang, not on speed: a busy machine must fail no test.
const LIMIT_MS = 120_000

export default defineConfig({
  test: {
    include: ['tests/{web_client,demo_app}/**/*.test.ts'],
    setupFiles: ['tests/web_client/patience.ts'],
    globalSetup: ['tests/web_client/export_bundles.ts'],
    // What a client tells a page's console; the tests of that look at the console itself.
    onConsoleLog: (log) => !log.startsWith('edgefold: '),
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    teardownTimeout: LIMIT_MS,
  },
})
