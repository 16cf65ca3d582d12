import { beforeEach, expect, test } from 'vitest'
import { createSwitch, type Switch } from '../../demo_app/page/src/switch.js'

interface Shop {
  readonly name: string
  readonly close: () => Promise<void>
}

/** A promise that the test settles. */
function gate() {
  let [open, fail] = [() => {}, (_: Error) => {}]
  const passed = new Promise<void>((resolve, reject) => {
    ;[open, fail] = [resolve, reject]
  })
  return { passed, open, fail }
}

let said: string[]
let gates: Map<string, ReturnType<typeof gate>>
let closing: Promise<void>
let shops: Switch<string, Shop>

/** Let what can go on go on. */
const settle = () => new Promise((resolve) => setTimeout(resolve))
const current = () => shops.current.get()?.name ?? null

beforeEach(() => {
  said = []
  gates = new Map()
  closing = Promise.resolve()
  shops = createSwitch(async (name) => {
    said.push(`open ${name}`)
    await gates.get(name)?.passed
    return {
      name,
      close: async () => {
        await closing
        said.push(`close ${name}`)
      },
    }
  })
})

function hold(name: string) {
  const held = gate()
  gates.set(name, held)
  return held
}

test('nothing is open at first, and then what was chosen', async () => {
  const a = hold('a')
  const chosen = shops.choose('a')
  await settle()
  expect(current()).toBeNull()
  a.open()
  await chosen
  expect(current()).toBe('a')
})

test('from a choice on nothing acts on what was open, and it is closed before the next is opened', async () => {
  await shops.choose('a')
  const held = gate()
  closing = held.passed
  const chosen = shops.choose('b')
  expect(current()).toBeNull()
  await settle()
  expect(said).toEqual(['open a'])
  held.open()
  await chosen
  expect(said).toEqual(['open a', 'close a', 'open b'])
  expect(current()).toBe('b')
})

test('the last of many choices is open, and what it overtook was closed or never opened', async () => {
  const a = hold('a')
  const choices = [shops.choose('a')]
  await settle()
  choices.push(shops.choose('b'), shops.choose('c'), shops.choose('d'))
  const seen: (string | null)[] = []
  shops.current.watch((opened) => seen.push(opened?.name ?? null))
  a.open()
  await Promise.all(choices)
  expect(said).toEqual(['open a', 'close a', 'open d'])
  expect(current()).toBe('d')
  expect(new Set(seen)).toEqual(new Set([null, 'd']))
})

test('a choice that was overtaken and is made again is open', async () => {
  await Promise.all([shops.choose('a'), shops.choose('b'), shops.choose('a')])
  expect(current()).toBe('a')
  expect(said).toEqual(['open a'])
})

test('a choice that fails is told and leaves nothing open; the next one opens', async () => {
  const a = hold('a')
  const chosen = shops.choose('a')
  a.fail(new Error('no'))
  await expect(chosen).rejects.toThrow('no')
  expect(current()).toBeNull()
  await shops.choose('b')
  expect(current()).toBe('b')
})

test('a choice that fails after it was overtaken is not told', async () => {
  const a = hold('a')
  const first = shops.choose('a')
  await settle()
  const second = shops.choose('b')
  a.fail(new Error('no'))
  await Promise.all([first, second])
  expect(current()).toBe('b')
})

test('a change works on what is open, with nothing else meanwhile, and a choice waits for it', async () => {
  await shops.choose('a')
  const held = gate()
  const changed = shops.change(async ({ name }) => {
    await held.passed
    said.push(`change ${name}`)
  })
  expect(current()).toBeNull()
  const chosen = shops.choose('b')
  await settle()
  held.open()
  await Promise.all([changed, chosen])
  expect(said).toEqual(['open a', 'change a', 'close a', 'open b'])
  expect(current()).toBe('b')
})

test('a change asked for while another is being opened does nothing', async () => {
  await shops.choose('a')
  const chosen = shops.choose('b')
  await shops.change(async ({ name }) => void said.push(`change ${name}`))
  await chosen
  expect(said).toEqual(['open a', 'close a', 'open b'])
})

test('a change that fails is told, and what was open is so again', async () => {
  await shops.choose('a')
  const failed = shops.change(() => Promise.reject(new Error('no')))
  await expect(failed).rejects.toThrow('no')
  expect(current()).toBe('a')
})
