import { afterEach, expect, test, vi } from 'vitest'
import { within } from '../../../web_client/src/platform/within.js'

afterEach(() => {
  vi.useRealTimers()
})

const never = () => new Promise<never>(() => {})

test('what ends in time is passed on, be it a value, a promise or an error', async () => {
  expect(await within(() => 7, 1_000)).toBe(7)
  expect(await within(async () => 'late', 1_000)).toBe('late')
  await expect(within(() => Promise.reject(new RangeError('mine')), 1_000)).rejects.toThrow('mine')
  const throws = () => {
    throw new RangeError('at once')
  }
  await expect(within(throws, 1_000)).rejects.toThrow('at once')
})

test('what does not end is given up after the limit, with the limit in the error', async () => {
  vi.useFakeTimers()
  const given = within(never, 30_000)
  const told = expect(given).rejects.toMatchObject({ name: 'TimeoutError', message: 'it took over 30000 ms' })
  await vi.advanceTimersByTimeAsync(30_000)
  await told
})

test('an ending ends the wait at once, before it and while it lasts', async () => {
  const ending = new AbortController()
  const given = within(never, 60_000, ending.signal)
  ending.abort(new Error('closed'))
  await expect(given).rejects.toThrow('closed')
  const work = vi.fn()
  await expect(within(work, 60_000, ending.signal)).rejects.toThrow('closed')
  expect(work).not.toHaveBeenCalled()
})

test('work begins in the same task: a page that is leaving has no later one', () => {
  const work = vi.fn(never)
  void within(work, 60_000).catch(() => {})
  expect(work).toHaveBeenCalledOnce()
})
