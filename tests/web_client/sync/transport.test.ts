import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { freshState } from '../../../web_client/src/log/state.js'
import type { Diff } from '../../../web_client/src/log/store/store.js'
import { emptyProfile, profileToJson } from '../../../web_client/src/reducer/profile.js'
import { PROBLEMS } from '../../../web_client/src/sync/problems.js'
import { seal } from '../../../web_client/src/sync/seal.js'
import { openTransport, type TransportOptions } from '../../../web_client/src/sync/transport.js'
import { SHOP, START_MS } from '../device.js'

const REPLICA = '0'.repeat(32)
const never = () => new Promise<never>(() => {})

afterEach(() => {
  vi.useRealTimers()
})

/** What a server that has nobody's events answers. */
function nobody(): Record<string, unknown> {
  return {
    spec: SHOP.id,
    epoch: 0,
    acked: 0,
    head: '',
    recent: [],
    others: JSON.parse(profileToJson(emptyProfile(SHOP))),
    attributes: {},
    server_time_ms: START_MS,
    outcome: 'applied',
    overlap: [],
    retry_after_ms: 0,
  }
}

function transport(options: Partial<TransportOptions> = {}) {
  const fetched = vi.fn<typeof fetch>(async () => Response.json(nobody()))
  const { signal } = new AbortController()
  const opened = openTransport({
    url: 'https://api/v1/',
    token: 'good',
    subject: null,
    fetch: fetched,
    ending: signal,
    ...options,
  })
  return { ...opened, fetched }
}

/** A sealed diff whose body has about so many bytes. */
function diffOf(bytes: number, letter = 'x'): Diff {
  const state = freshState(SHOP, REPLICA)
  const rows = [{ seq: 1, id: 'abcdefgh', type: 'order', time: START_MS, data: { amount: 1 } }]
  const { sealed } = seal(SHOP, { ...state, head: { ...state.head, last: 1 }, events: rows }, START_MS).body
  const prev = letter.repeat(Math.floor(bytes / new TextEncoder().encode(letter).length))
  return { ...(sealed as Diff), prev }
}

function refuses(status: number, body: string, headers: Record<string, string> = {}) {
  return transport({ fetch: async () => new Response(body, { status, headers }) })
}

describe('a token', () => {
  test('is fetched for whom it is for, and kept', async () => {
    const token = vi.fn(async (subject: string | null) => `of-${subject}`)
    const { profile, fetched } = transport({ token, subject: 'ann' })
    await profile(SHOP, REPLICA)
    await profile(SHOP, REPLICA)
    expect(token.mock.calls).toEqual([['ann']])
    expect(new Headers(fetched.mock.calls[1]?.[1]?.headers).get('authorization')).toBe('Bearer of-ann')
  })

  test('that never comes is given up after its limit', async () => {
    vi.useFakeTimers()
    const asked = transport({ token: never }).profile(SHOP, REPLICA)
    const told = expect(asked).rejects.toMatchObject({ name: 'NoAnswer', cause: { name: 'TimeoutError' } })
    await vi.advanceTimersByTimeAsync(30_000)
    await told
  })

  test('that never comes is not waited for by whoever closes', async () => {
    const ending = new AbortController()
    const asked = transport({ token: never, ending: ending.signal }).profile(SHOP, REPLICA)
    ending.abort(new Error('closed'))
    await expect(asked).rejects.toMatchObject({ name: 'NoAnswer', cause: { message: 'closed' } })
  })

  test.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a text with a line break', 'abc\n'],
    ['an object', { token: 'abc' }],
  ])('that is %s is no token, and nothing is sent', async (_, given) => {
    const { profile, fetched } = transport({ token: () => given as string })
    await expect(profile(SHOP, REPLICA)).rejects.toMatchObject({ name: 'NoAnswer' })
    expect(fetched).not.toHaveBeenCalled()
  })
})

describe('a request', () => {
  test.each([
    ['that never answers', never],
    ['whose body never ends', async () => new Response(new ReadableStream({ start() {} }))],
  ])('%s, and whose fetch ignores its signal, is given up after its limit', async (_, given) => {
    vi.useFakeTimers()
    const asked = transport({ fetch: given as typeof fetch }).profile(SHOP, REPLICA)
    const told = expect(asked).rejects.toMatchObject({ name: 'NoAnswer', cause: { name: 'TimeoutError' } })
    await vi.advanceTimersByTimeAsync(30_000)
    await told
  })

  test('that is given up is broken off', async () => {
    const ending = new AbortController()
    const signals: AbortSignal[] = []
    const given: typeof fetch = async (_, init) => {
      signals.push(init?.signal as AbortSignal)
      return await never()
    }
    const asked = transport({ fetch: given, ending: ending.signal }).profile(SHOP, REPLICA)
    await vi.waitFor(() => expect(signals.length).toBe(1))
    ending.abort(new Error('closed'))
    await expect(asked).rejects.toMatchObject({ name: 'NoAnswer' })
    expect(signals[0]?.aborted).toBe(true)
  })

  test('to which fetch gives no response is no answer', async () => {
    const { profile } = transport({ fetch: (async () => undefined) as unknown as typeof fetch })
    await expect(profile(SHOP, REPLICA)).rejects.toMatchObject({ name: 'NoAnswer' })
  })
})

describe('keepalive', () => {
  const keepalives = (fetched: ReturnType<typeof vi.fn<typeof fetch>>) =>
    fetched.mock.calls.map(([, init]) => init?.keepalive)

  test.each([
    ['59,000 bytes of Latin letters', 59_000, 'x', true],
    ['61,000 bytes of Latin letters', 61_000, 'x', false],
    ['59,000 bytes of Japanese letters', 59_000, '季', true],
    ['61,000 bytes of Japanese letters, 20,300 characters', 61_000, '季', false],
  ])('is for what the browser lets outlive a page: %s', async (_, bytes, letter, kept) => {
    const { send, fetched } = transport()
    await send(SHOP, diffOf(bytes, letter))
    expect(keepalives(fetched)).toEqual([kept])
  })

  test('is for all under way together', async () => {
    const fetched = vi.fn<typeof fetch>(async () => Response.json(nobody()))
    const clients = [transport({ fetch: fetched }), transport({ fetch: fetched })]
    await Promise.all(clients.map(({ send }) => send(SHOP, diffOf(40_000))))
    expect(keepalives(fetched)).toEqual([true, false])
    await clients[0]?.send(SHOP, diffOf(40_000))
    expect(keepalives(fetched).at(-1)).toBe(true)
  })

  test('that a browser refuses for its own reasons is tried once without', async () => {
    const fetched = vi.fn<typeof fetch>(async (_, init) => {
      if (init?.keepalive) throw new TypeError('Failed to fetch')
      return Response.json(nobody())
    })
    const { send } = transport({ fetch: fetched })
    expect(await send(SHOP, diffOf(100))).toMatchObject({ outcome: 'applied' })
    expect(keepalives(fetched)).toEqual([true, false])
  })
})

describe('a diff that a leaving page sends', () => {
  test('has begun when the call returns, with the token at hand and keepalive', async () => {
    const { profile, sendNow, fetched } = transport({ token: async () => 'fetched' })
    await profile(SHOP, REPLICA)
    const sent = sendNow(SHOP, diffOf(100))
    expect(fetched.mock.calls[1]?.[1]).toMatchObject({
      keepalive: true,
      headers: { authorization: 'Bearer fetched' },
    })
    expect(await sent).toMatchObject({ outcome: 'applied' })
  })

  test('is not sent without a token at hand, nor where it is too large', () => {
    const { sendNow, fetched } = transport({ token: async () => 'fetched' })
    expect(sendNow(SHOP, diffOf(100))).toBeNull()
    expect(transport({ fetch: fetched }).sendNow(SHOP, diffOf(61_000))).toBeNull()
    expect(fetched).not.toHaveBeenCalled()
  })
})

describe('an answer', () => {
  test.each(Object.entries(PROBLEMS))(
    'that names %s with %i is the word of the server',
    async (name, status) => {
      const { profile } = refuses(status, JSON.stringify({ name, detail: 'no.' }))
      await expect(profile(SHOP, REPLICA)).rejects.toMatchObject({ name, status, detail: 'no.' })
    },
  )

  test.each([
    ["a proxy's page", 400, '<html><title>400 Request Header Or Cookie Too Large</title></html>'],
    ["a firewall's page", 422, 'blocked'],
    ["another API's JSON", 400, '{"error":"bad request"}'],
    ["another API's name", 422, '{"name":"ValidationError"}'],
    ['a name of ours with a status that it never has', 400, '{"name":"InvalidProfile"}'],
    ["a member of every object's prototype", 400, '{"name":"toString"}'],
    ['a page of a service that is gone', 410, '<html>gone</html>'],
    ['a gateway out of order', 502, ''],
  ])('that is %s is nobody’s verdict', async (_, status, text) => {
    const { profile } = refuses(status, text)
    await expect(profile(SHOP, REPLICA)).rejects.toMatchObject({ name: 'ForeignAnswer', status })
  })

  test('of 413 is the word of anybody on the way: smaller diffs cost nothing', async () => {
    const { send } = refuses(413, '<html>413 Request Entity Too Large</html>')
    await expect(send(SHOP, diffOf(100))).rejects.toMatchObject({ name: 'BodyTooLarge', status: 413 })
  })

  test('that is a login page with 200 is not believed', async () => {
    const { profile } = refuses(200, '<!doctype html><form>')
    await expect(profile(SHOP, REPLICA)).rejects.toMatchObject({ name: 'InvalidAnswer' })
  })

  test.each([
    ['seconds', { 'retry-after': '120' }, {}, 120_000],
    ['a date', { 'retry-after': new Date(START_MS + 90_000).toUTCString() }, {}, 90_000],
    ['a date that is past', { 'retry-after': new Date(START_MS - 90_000).toUTCString() }, {}, 0],
    ['a member', {}, { retry_after_ms: 1_500 }, 1_500],
    ['nonsense', { 'retry-after': 'soon' }, { retry_after_ms: 'later' }, 0],
    ['more than a timer holds', { 'retry-after': '3000000' }, {}, 86_400_000],
    ['infinitely much', { 'retry-after': '9'.repeat(400) }, { retry_after_ms: 2 ** 52 }, 86_400_000],
  ])('may ask to wait, up to a day: %s', async (_, headers, members, retryAfterMs) => {
    vi.useFakeTimers({ now: START_MS })
    const { profile } = refuses(
      429,
      JSON.stringify({ name: 'TooManyRequests', ...members }),
      headers as Record<string, string>,
    )
    await expect(profile(SHOP, REPLICA)).rejects.toMatchObject({ retryAfterMs })
  })
})

test('every problem of PROTOCOL.md is known here, with its status', () => {
  const text = readFileSync(new URL('../../../sync_api/PROTOCOL.md', import.meta.url), 'utf8')
  const table = text.slice(text.indexOf('## Errors'), text.indexOf("## The client's steps"))
  const lines = [...table.matchAll(/^\| (`.+?`) \| ([\d, ]+) \|/gm)]
  expect(lines.length).toBeGreaterThan(10)
  for (const [, names, statuses] of lines) {
    const numbers = (statuses ?? '').split(', ').map(Number)
    const told = (names ?? '').split(', ').map((name) => name.replaceAll('`', ''))
    expect(told.map((name) => PROBLEMS[name])).toEqual(told.map((_, index) => numbers[index] ?? numbers[0]))
  }
})
