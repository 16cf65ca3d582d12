import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLifecycle } from '../../../web_client/src/platform/lifecycle.js'
import type { SyncReport } from '../../../web_client/src/sync/courier.js'
import { quietLeftMs } from '../../../web_client/src/sync/quiet.js'
import { createSchedule, type Schedule } from '../../../web_client/src/sync/schedule.js'
import { START_MS } from '../device.js'
import { Page } from '../page.js'

const DAY_MS = 86_400_000
const SYNCED: SyncReport = { outcome: 'synced', steps: [], error: null, retryAfterMs: 0 }
const FAILED: SyncReport = { ...SYNCED, outcome: 'failed', error: new Error('no') }

let page: Page
let schedule: Schedule
let answers: SyncReport[]
let quietUntilMs: number
let sealed: boolean
let runs: number
let left: number

beforeEach(() => {
  vi.useFakeTimers({ now: START_MS })
  page = new Page()
  answers = []
  quietUntilMs = 0
  sealed = false
  runs = 0
  left = 0
})
afterEach(async () => {
  const stopped = schedule.stop()
  await later(20)
  await stopped
  page.end()
  vi.useRealTimers()
})

function begin(): void {
  schedule = createSchedule({
    async sync() {
      runs++
      await new Promise((resolve) => setTimeout(resolve, 10))
      return answers.shift() ?? SYNCED
    },
    leave() {
      if (sealed) left++
      return sealed
    },
    quietMs: () => quietLeftMs(quietUntilMs, Date.now()),
    onReport() {},
    lifecycle: createLifecycle(),
  })
}

const later = (ms: number) => vi.advanceTimersByTimeAsync(ms)

/** Everything that may lead to a sync. */
async function tryEverything(): Promise<void> {
  schedule.touch()
  page.online()
  page.hide()
  page.show()
  expect(await schedule.now()).toMatchObject({ outcome: 'waiting', error: null })
}

describe('the time for which the server asked for silence', () => {
  test('is kept by every trigger, and ends', async () => {
    answers = [{ ...FAILED, retryAfterMs: 3_600_000 }]
    begin()
    await later(20)
    expect(runs).toBe(1)
    for (let minute = 0; minute < 59; minute++) {
      await tryEverything()
      await later(60_000)
    }
    expect([runs, left]).toEqual([1, 0])
    expect((await schedule.now()).retryAfterMs).toBeLessThanOrEqual(60_000)
    await later(60_100)
    expect(runs).toBe(2)
  })

  test('is kept where another tab, or the page before, was asked', async () => {
    quietUntilMs = START_MS + 600_000
    sealed = true
    begin()
    await tryEverything()
    await later(599_000)
    expect([runs, left]).toEqual([0, 0])
    await later(2_000)
    expect(runs).toBe(1)
  })

  test('is kept by a timer that was set before another tab was asked', async () => {
    begin()
    await later(20)
    quietUntilMs = Date.now() + 600_000
    await later(590_000)
    expect(runs).toBe(1)
    await later(11_000)
    expect(runs).toBe(2)
  })

  test('holds for a day at most, whatever was asked, and no timer overflows', async () => {
    answers = [{ ...FAILED, retryAfterMs: 3_000_000_000 }]
    begin()
    await later(20)
    await later(DAY_MS - 1_000)
    expect(runs).toBe(1)
    await later(2_000)
    expect(runs).toBe(2)
  })

  test('holds nobody where a clock that was ahead has written it', async () => {
    quietUntilMs = START_MS + 5 * 365 * DAY_MS
    begin()
    await later(20)
    expect(runs).toBe(1)
  })
})

test('fifty calls at once share the run under way and one more', async () => {
  begin()
  await later(5)
  const reports = Promise.all(Array.from({ length: 50 }, () => schedule.now()))
  await later(100)
  expect((await reports).map(({ outcome }) => outcome)).toEqual(Array(50).fill('synced'))
  expect(runs).toBe(2)
  const alone = schedule.now()
  await later(20)
  await alone
  expect(runs).toBe(3)
})

test('a sync that a page asks for is the one that was planned', async () => {
  begin()
  const asked = schedule.now()
  await later(1_000)
  await asked
  expect(runs).toBe(1)
})

test('coming online ends the wait after a failure', async () => {
  answers = Array(8).fill(FAILED)
  begin()
  await later(100_000)
  const before = runs
  page.online()
  await later(20)
  expect(runs).toBe(before + 1)
})

describe('a page that is left', () => {
  beforeEach(async () => {
    begin()
    await later(20)
    runs = 0
  })

  test('sends what is sealed in the same task', () => {
    sealed = true
    page.leave()
    expect(left).toBeGreaterThan(0)
    expect(runs).toBe(0)
  })

  test('and has nothing sealed begins a sync only while it may still end', () => {
    page.leave()
    expect(runs).toBe(0)
    page.comeBack()
    page.hide()
    expect(runs).toBe(1)
  })

  test('sends nothing more once it was stopped', async () => {
    sealed = true
    await schedule.stop()
    page.leave()
    expect([left, runs]).toEqual([0, 0])
  })
})
