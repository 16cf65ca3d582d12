import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLifecycle, type Lifecycle } from '../../../web_client/src/platform/lifecycle.js'
import { Page } from '../page.js'

describe('the life of a page', () => {
  let page: Page
  let life: Lifecycle
  const heard: string[] = []

  beforeEach(() => {
    page = new Page()
    life = createLifecycle()
    heard.length = 0
    life.onLeave(() => heard.push(`leave ${life.presence()}`))
    life.onReturn(() => heard.push(`return ${life.presence()}`))
    life.onOnline(() => heard.push('online'))
  })
  afterEach(() => page.end())

  test('is told when it is hidden, and when it is shown', () => {
    expect(life.presence()).toBe('here')
    page.hide()
    page.show()
    expect(heard).toEqual(['leave hidden', 'return here'])
  })

  test('that is left is gone, also where it is hidden after that', () => {
    page.leave()
    expect(heard).toEqual(['leave gone', 'leave gone'])
  })

  test('that comes back from the cache of pages is here', () => {
    page.leave()
    heard.length = 0
    page.comeBack()
    expect(heard.at(-1)).toBe('return here')
    expect(life.presence()).toBe('here')
  })

  test('of which the browser freezes the tab is left too', () => {
    page.hide()
    page.freeze()
    expect(heard).toEqual(['leave hidden', 'leave hidden'])
  })

  test('tells when there is a network again', () => {
    page.online()
    expect(heard).toEqual(['online'])
  })

  test('is not listened to any more after the end', () => {
    const callback = vi.fn()
    const ends = [life.onLeave(callback), life.onReturn(callback), life.onOnline(callback)]
    for (const end of ends) end()
    page.hide()
    page.show()
    page.online()
    expect(callback).not.toHaveBeenCalled()
  })
})

test('without a page it is always here, and nothing comes', () => {
  const life = createLifecycle()
  const end = life.onLeave(() => {
    throw new Error('nobody leaves')
  })
  expect(life.presence()).toBe('here')
  end()
})
