/** The bundle behind a client: how often it is tried, and what of it is believed. */

import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openScorer, type Scorer, type ScorerOptions } from '../../../web_client/src/client/scorer.js'
import { parseSpec } from '../../../web_client/src/reducer/spec.js'
import { readBundle } from '../bundles.js'

const tree = readBundle('tree')
const SPEC = parseSpec(new TextDecoder().decode(tree['reducer.json']))
const URL_OF_BUNDLE = 'https://host/bundle/'

let scorer: Scorer
let asked: number
let served: boolean
let online: (() => void)[]
let told: string[]

beforeEach(() => {
  vi.useFakeTimers()
  asked = 0
  served = false
  online = []
  told = []
})
afterEach(async () => {
  await scorer.close()
  vi.useRealTimers()
})

function begin(options: Partial<ScorerOptions> = {}): void {
  scorer = openScorer({
    bundle: URL_OF_BUNDLE,
    spec: null,
    fetch: async (input) => {
      const name = String(input).slice(URL_OF_BUNDLE.length)
      if (name === 'manifest.json') asked++
      if (!served) throw new TypeError('Failed to fetch')
      return new Response(tree[name] as Uint8Array<ArrayBuffer>)
    },
    lifecycle: {
      presence: () => 'here',
      onLeave: () => () => {},
      onReturn: () => () => {},
      onOnline(callback) {
        online.push(callback)
        return () => {}
      },
    },
    onSpec: (spec) => told.push(`spec ${spec.id}`),
    onReady: () => told.push('ready'),
    onError: (error) => told.push(error.name),
    ...options,
  })
}

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms)

test('a bundle that can not be fetched is tried later and later, at least every hour', async () => {
  begin()
  await later(0)
  expect(asked).toBe(1)
  await later(5_000)
  expect(asked).toBe(2)
  await later(3_600_000)
  const inTheFirstHour = asked
  expect(inTheFirstHour).toBeLessThan(20)
  await later(12 * 3_600_000)
  expect(asked - inTheFirstHour).toBeGreaterThanOrEqual(11)
  expect(asked - inTheFirstHour).toBeLessThan(30)
})

test('it is tried at once when the device comes online, and only while there is none', async () => {
  begin()
  await later(0)
  served = true
  for (const callback of online) callback()
  vi.useRealTimers()
  await vi.waitFor(() => expect(told).toContain('ready'))
  expect(told).toEqual(['BundleUnavailable', `spec ${SPEC.id}`, 'ready'])
  for (const callback of online) callback()
  expect(asked).toBe(2)
})

test('a scorer that is closed tries nothing more', async () => {
  begin()
  await later(0)
  await scorer.close()
  for (const callback of online) callback()
  await later(3_600_000)
  expect(asked).toBe(1)
  await expect(scorer.ready()).rejects.toMatchObject({ name: 'ClientClosed' })
})

test('files at hand that make no bundle are not tried again', async () => {
  begin({ bundle: { ...tree, 'model.onnx': new Uint8Array(3) } })
  vi.useRealTimers()
  await expect(scorer.ready()).rejects.toMatchObject({ name: 'InvalidBundle' })
  expect(told).toEqual([`spec ${SPEC.id}`, 'InvalidBundle'])
})

test('the first word comes also where there is no spec to tell', async () => {
  begin()
  await scorer.first
  expect(scorer.spec()).toBeNull()
})
