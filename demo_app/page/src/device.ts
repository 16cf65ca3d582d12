/** One device of a customer: an Edgefold client with its own storage, its own way out, and its own view of the score. */

import { type Client, openClient, type Score } from 'edgefold'
import type { Calendar } from './calendar.js'
import type { Release } from './releases.js'
import { type Customer, fetchToken } from './shop.js'
import { type Signal, signal } from './signal.js'
import { openWire, type Wire } from './wire.js'

/** A raw event as the device keeps it. It never leaves. */
export interface Kept {
  readonly seq: number
  readonly time: number
  readonly record: string
  readonly cds: number
  readonly amount: number
}

export interface Counters {
  readonly tracked: number
  readonly acknowledged: number
  readonly pending: number
  readonly rejected: number
}

export interface View {
  readonly score: Score | null
  /** The score before what `cause` names. */
  readonly before: Score | null
  readonly cause: string
  readonly counters: Counters
  readonly kept: readonly Kept[]
  readonly trackToScoreMs: number | null
  readonly trouble: string | null
}

export interface Device {
  readonly name: string
  readonly wire: Wire
  readonly view: Signal<View>
  readonly buy: (release: Release) => Promise<void>
  readonly sync: () => Promise<void>
  readonly rescore: (cause: string) => Promise<void>
  readonly erase: () => Promise<void>
  readonly close: () => Promise<void>
}

const NOTHING: View = {
  score: null,
  before: null,
  cause: '',
  counters: { tracked: 0, acknowledged: 0, pending: 0, rejected: 0 },
  kept: [],
  trackToScoreMs: null,
  trouble: null,
}

/** Open a device of a customer. Its storage outlives the page; with no network it starts from what it holds. */
export async function openDevice(name: string, customer: Customer, calendar: Calendar): Promise<Device> {
  const wire = openWire(name)
  const view = signal(NOTHING)
  const client = await openClient({
    bundle: 'bundles/repurchase/',
    sync: { url: '/v1', token: () => fetchToken(customer.subject, wire.fetch) },
    store: 'indexeddb',
    name: `${customer.subject}-${name.toLowerCase()}`,
    clock: calendar.now.get,
    fetch: wire.fetch,
  })
  let cause = ''
  let trackedAt: number | null = null
  const change = (changed: Partial<View>) =>
    view.set({ ...view.get(), counters: countersOf(client), ...changed })
  const show = (score: Score) => {
    const trackToScoreMs = trackedAt === null ? view.get().trackToScoreMs : performance.now() - trackedAt
    trackedAt = null
    const { score: shown } = view.get()
    // An acknowledgement, say, changes no feature: what changed last stays marked.
    const same =
      shown !== null &&
      Object.entries(score.features).every(([name, now]) => Object.is(shown.features[name], now))
    change(same ? { score, trackToScoreMs } : { score, before: shown, cause, trackToScoreMs })
  }
  const attempt = async (what: () => Promise<void>) => {
    try {
      await what()
      change({ trouble: null })
    } catch (error) {
      change({ trouble: (error as Error).message })
    }
  }
  client.on('score', show)
  const rescore = (why: string) =>
    attempt(async () => {
      cause = why
      show(await client.score())
    })
  await rescore('')
  return {
    name,
    wire,
    view,
    rescore,
    buy: (release) =>
      attempt(async () => {
        const { title, cds, price } = release
        cause = `after buying ${title}`
        trackedAt = performance.now()
        await client.track('order', { cds, amount: price, record: title })
      }),
    sync: () => attempt(async () => void (await client.sync())),
    erase: () => attempt(async () => client.erase()),
    close: () => client.close(),
  }
}

function countersOf(client: Client): Counters {
  const { tracked, acknowledged, pending, rejected } = client.status()
  return { tracked, acknowledged, pending, rejected }
}
