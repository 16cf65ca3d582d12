/** One device of a customer: an Edgefold client with its own storage, its own way out, and its own view of the score. */

import { type Client, openClient, type ScoreResult, type ScoringBundle, type SyncReport } from 'edgefold'
import type { Calendar } from './calendar.js'
import { value as shownAs } from './format.js'
import type { Release } from './releases.js'
import { type Customer, fetchToken } from './shop.js'
import { type Signal, signal } from './signal.js'
import { openWire, type Wire } from './wire.js'

/** A raw event as the device keeps it. It never leaves. */
export interface Kept {
  readonly seq: number
  readonly time: number
  readonly data: { readonly record: string; readonly cds: number; readonly amount: number }
}

export interface Counters {
  readonly tracked: number
  readonly acknowledged: number
  readonly pending: number
  readonly rejected: number
}

export interface View {
  readonly score: ScoreResult | null
  /** The score before what `cause` names. */
  readonly before: ScoreResult | null
  readonly cause: string
  readonly counters: Counters
  readonly kept: readonly Kept[]
  readonly trackToScoreMs: number | null
  readonly trackToDiskMs: number | null
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

/** Open a device of a customer. Its storage outlives the page; with no network it starts from what it holds. */
export async function openDevice(
  name: string,
  bundle: ScoringBundle,
  customer: Customer,
  calendar: Calendar,
): Promise<Device> {
  const wire = openWire(name)
  const client = await openClient({
    bundle,
    sync: { url: '/v1', token: () => fetchToken(customer.subject, wire.fetch) },
    store: 'indexeddb',
    name: `${customer.subject}-${name.toLowerCase()}`,
    clock: calendar.now.get,
    fetch: wire.fetch,
  })
  const kept = await keptOf(client).catch(async (error: unknown) => {
    await client.close()
    throw error
  })
  const view = signal<View>({
    score: null,
    before: null,
    cause: '',
    counters: countersOf(client),
    kept,
    trackToScoreMs: null,
    trackToDiskMs: null,
    trouble: null,
  })
  let cause = ''
  let trackedAt: number | null = null
  let closed = false
  const change = (changed: Partial<View>) => {
    if (!closed) view.set({ ...view.get(), counters: countersOf(client), ...changed })
  }

  function show(score: ScoreResult): void {
    const { score: shown, trackToScoreMs: last } = view.get()
    const trackToScoreMs = trackedAt === null ? last : performance.now() - trackedAt
    trackedAt = null
    // An acknowledgement, say, changes nothing that is shown: what changed last stays marked.
    const same = shown !== null && looksAlike(shown, score)
    change(same ? { score, trackToScoreMs } : { score, before: shown, cause, trackToScoreMs })
  }

  async function attempt(what: () => Promise<void>): Promise<void> {
    try {
      await what()
    } catch (error) {
      change({ trouble: (error as Error).message })
    }
  }

  const rescore = (why: string) =>
    attempt(async () => {
      cause = why
      show(await client.score())
    })

  async function synced(report: SyncReport): Promise<void> {
    const failed = report.error !== null && wire.online.get()
    change({
      trouble: failed ? `What you buy waits here: ${report.error?.message}` : null,
      kept: await keptOf(client),
    })
    if (report.steps.length > 0)
      await rescore(report.steps.includes('erased') ? 'after an erasure' : 'after a sync')
  }

  client.on('score', show)
  client.on('status', () => change({}))
  client.on('sync', (report) => void attempt(() => synced(report)))
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
        const start = performance.now()
        trackedAt = start
        const event = await client.track('order', { cds, amount: price, record: title })
        change({
          trackToDiskMs: performance.now() - start,
          kept: [...view.get().kept, event as unknown as Kept],
        })
      }),
    sync: () => attempt(async () => void (await client.sync())),
    erase: () =>
      attempt(async () => {
        await client.erase()
        change({ kept: await keptOf(client), trouble: null })
        await rescore('after an erasure')
      }),
    close() {
      closed = true // what is still under way ends without a word on a deck that is about to go
      return client.close()
    },
  }
}

function countersOf(client: Client): Counters {
  const { tracked, acknowledged, pending, rejected } = client.status()
  return { tracked, acknowledged, pending, rejected }
}

/** The client's own export says what it holds; the shop's one event has these fields. */
async function keptOf(client: Client): Promise<readonly Kept[]> {
  return (await client.export()).events as readonly Kept[]
}

function looksAlike(a: ScoreResult, b: ScoreResult): boolean {
  return Object.entries(a.features).every(([name, value]) => shownAs(b.features[name]) === shownAs(value))
}
