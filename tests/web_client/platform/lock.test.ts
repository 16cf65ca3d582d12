import { expect, test } from 'vitest'
import { withLock } from '../../../web_client/src/platform/lock.js'

const never = () => new Promise<never>(() => {})

test('one holder runs at a time, in order, also after one that failed', async () => {
  const ran: number[] = []
  const hold = (number: number, fails = false) =>
    withLock('in order', async () => {
      ran.push(number)
      await Promise.resolve()
      if (fails) throw new Error('mine')
      ran.push(number)
    })
  const all = await Promise.allSettled([hold(1), hold(2, true), hold(3)])
  expect(ran).toEqual([1, 1, 2, 3, 3])
  expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})

test('whoever waits for a holder that never ends can give up', async () => {
  void withLock('stuck', never)
  const ending = new AbortController()
  const waiting = withLock('stuck', async () => 'begun', ending.signal)
  ending.abort(new Error('closed'))
  await expect(waiting).rejects.toThrow('closed')
  await expect(withLock('stuck', async () => 'begun', ending.signal)).rejects.toThrow('closed')
})
