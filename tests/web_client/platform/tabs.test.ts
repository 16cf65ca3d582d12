import { afterEach, expect, test, vi } from 'vitest'
import { type Notice, openTabs, type Tabs } from '../../../web_client/src/platform/tabs.js'

const open: Tabs[] = []
const channels: BroadcastChannel[] = []

afterEach(() => {
  for (const tabs of open.splice(0)) tabs.close()
  for (const channel of channels.splice(0)) channel.close()
  vi.unstubAllGlobals()
})

function tab(name: string, heard: Notice[]): Tabs {
  const tabs = openTabs(name, (notice) => heard.push(notice))
  open.push(tabs)
  return tabs
}

test('a notice reaches the other tabs of the name, and no others', async () => {
  const [mine, theirs, foreign]: Notice[][] = [[], [], []]
  const here = tab('a', mine as Notice[])
  tab('a', theirs as Notice[])
  tab('b', foreign as Notice[])
  here.tell({ types: ['order'], head: { last: 3 } })
  await vi.waitFor(() => expect(theirs).toEqual([{ types: ['order'], head: { last: 3 } }]))
  expect([mine, foreign]).toEqual([[], []])
})

test.each([
  ['null', null],
  ['a text', 'reload'],
  ['an array', ['order']],
  ["another script's object", { type: 'logout' }],
  ['another version of ours', { edgefold: 2, types: [] }],
  ['types that are no texts', { edgefold: 1, types: [1, {}] }],
  ['no types', { edgefold: 1 }],
  ['too many types', { edgefold: 1, types: Array(2_000).fill('x') }],
])('%s on our channel is not heard', async (_, message) => {
  const heard: Notice[] = []
  tab('strange', heard)
  const channel = new BroadcastChannel('strange')
  channels.push(channel)
  channel.postMessage(message)
  channel.postMessage({ edgefold: 1, types: ['last'] })
  await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0))
  expect(heard).toEqual([{ types: ['last'], head: null }])
})

test('a platform that has no channel, or refuses one, is a page with one tab', () => {
  const refusing = class {
    constructor() {
      throw new DOMException('denied', 'SecurityError')
    }
  }
  for (const channel of [undefined, refusing]) {
    vi.stubGlobal('BroadcastChannel', channel)
    const tabs = openTabs('c', () => {})
    tabs.tell({ types: [], head: null })
    tabs.close()
  }
})

test('a notice after the end is not sent, and throws nothing', () => {
  const tabs = tab('d', [])
  tabs.close()
  tabs.tell({ types: [], head: null })
})
