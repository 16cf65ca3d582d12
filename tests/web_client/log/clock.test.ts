import { describe, expect, test } from 'vitest'
import { correctedMs, heldTo, mended, mendingMs, ticked } from '../../../web_client/src/log/clock.js'
import { freshState } from '../../../web_client/src/log/state.js'
import { SHOP, START_MS } from '../device.js'
import { opened, order } from './logs.js'

const { head: HEAD } = freshState(SHOP, '0'.repeat(32), { time: START_MS })
const MINUTE_MS = 60_000
const YEAR_MS = 365 * 86_400_000

describe('the time of a head', () => {
  test('goes with the wall clock, and never backwards', () => {
    expect(ticked(HEAD, START_MS + 5).time).toBe(START_MS + 5)
    expect(ticked(HEAD, START_MS - 5)).toBe(HEAD)
    expect(ticked(HEAD, START_MS, START_MS + 1).time).toBe(START_MS + 1)
  })

  test('is that of the server where the wall clock is over a minute ahead of it', () => {
    const wallMs = START_MS + 20 * 60 * MINUTE_MS
    const head = heldTo(HEAD, START_MS, wallMs)
    expect(head.aheadMs).toBe(20 * 60 * MINUTE_MS)
    expect(correctedMs(head, wallMs + 1_000)).toBe(START_MS + 1_000)
    expect(heldTo(head, wallMs - MINUTE_MS, wallMs).aheadMs).toBe(0)
    expect(heldTo(HEAD, START_MS + YEAR_MS, START_MS)).toBe(HEAD)
  })

  test('comes back once the wall clock stands below it for ten minutes, and not by a small step', () => {
    const ahead = { ...HEAD, time: START_MS + YEAR_MS }
    const seen = ticked(ahead, START_MS)
    expect(seen.belowMs).toBe(START_MS)
    expect(mendingMs(seen, START_MS + 10 * MINUTE_MS - 1, 0)).toBe(null)
    expect(mendingMs(seen, START_MS + 10 * MINUTE_MS, 0)).toBe(START_MS + 10 * MINUTE_MS)
    expect(ticked(HEAD, START_MS - MINUTE_MS).belowMs).toBe(null)
    expect(ticked(HEAD, START_MS - MINUTE_MS - 1).belowMs).toBe(START_MS - MINUTE_MS - 1)
    expect(ticked(seen, START_MS + YEAR_MS).belowMs).toBe(null)
  })

  test('does not come back to a wall clock that is surely false', () => {
    const seen = { ...HEAD, time: START_MS + YEAR_MS, belowMs: 0 }
    expect(mendingMs(seen, START_MS - 1, START_MS)).toBe(null)
    expect(mendingMs(seen, START_MS, START_MS)).toBe(START_MS)
  })
})

describe('a log whose clock was false', () => {
  const rows = [START_MS, START_MS + YEAR_MS, START_MS + YEAR_MS].map((time, index) => ({
    seq: index + 1,
    id: `id00000${index}`,
    type: 'order',
    time,
    data: { amount: 1 },
  }))
  const state = (acked: number) => ({
    ...freshState(SHOP, '0'.repeat(32), { last: 3, acked, time: START_MS + YEAR_MS }),
    events: rows,
  })

  test('stamps the events of the false time anew, and tells the server of those that it has', () => {
    const back = mended(state(2), START_MS + 7)
    expect(back.events.map((event) => event.time)).toEqual([START_MS, START_MS + 7, START_MS + 7])
    expect(back.head).toMatchObject({ time: START_MS + 7, whole: true, generation: 1 })
    expect(mended(state(1), START_MS + 7).head.whole).toBe(false)
  })

  test('keeps its rows as they are where none is of the false time', () => {
    const right = { ...state(0), events: rows.slice(0, 1), head: { ...state(0).head, last: 1 } }
    expect(mended(right, START_MS + 7).head).toMatchObject({ time: START_MS + 7, generation: 0 })
  })
})

describe('a clock that is once five years ahead', () => {
  test.each(['read', 'track'])('by a %s holds later events for minutes, not for years', async (call) => {
    const { log, clock, errors } = await opened()
    await log.track(...order())
    clock.nowMs += 5 * YEAR_MS
    if (call === 'read') await log.read()
    else await log.track(...order())
    clock.nowMs = START_MS + MINUTE_MS
    await log.track(...order())
    clock.nowMs += 11 * MINUTE_MS
    const { time } = await log.track(...order())
    expect(time).toBe(clock.nowMs)
    expect(errors).toMatchObject([{ name: 'ClockMended', toMs: clock.nowMs }])
    const { nowMs, profile } = await log.read()
    expect(nowMs).toBe(clock.nowMs + 1)
    expect(profile.lastMs).toBe(clock.nowMs)
  })

  test('never lets a read-out and what follows it disagree from the mending on', async () => {
    const { log, clock } = await opened()
    clock.nowMs += 5 * YEAR_MS
    await log.read()
    clock.nowMs = START_MS
    await log.read()
    clock.nowMs += 20 * MINUTE_MS
    const { nowMs } = await log.read()
    expect((await log.track(...order())).time).toBeGreaterThanOrEqual(nowMs)
  })
})
