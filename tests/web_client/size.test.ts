import { expect, test } from 'vitest'
// @ts-expect-error: a benchmark is plain JavaScript
import { BUDGET_BYTES, bytesOf, sizes } from '../../web_client/bench/size.mjs'

const measured = (await sizes()) as Readonly<Record<string, number>>

test.each(Object.entries(BUDGET_BYTES as Record<string, number>))(
  '%s stays within its %i bytes',
  (name, budget) => {
    expect(measured[name]).toBeGreaterThan(budget / 4)
    expect(measured[name]).toBeLessThanOrEqual(budget)
  },
)

test('what a page loads of onnxruntime at the first model is none of the core', async () => {
  const everything = await bytesOf(
    "export * from '../src/index.ts'; export * from 'onnxruntime-web/wasm'",
    [],
  )
  expect(everything).toBeGreaterThan(BUDGET_BYTES.core)
})
