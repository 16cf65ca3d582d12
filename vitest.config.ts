import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: { include: ['tests/web_client/**/*.test.ts'], globalSetup: ['tests/web_client/export_bundles.ts'] },
})
