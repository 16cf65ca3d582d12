import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { freshState, type State, without } from '../../../web_client/src/log/state.js'
import type { StoredEvent } from '../../../web_client/src/log/store/store.js'
import { carry } from '../../../web_client/src/reducer/carry.js'
import { features } from '../../../web_client/src/reducer/features.js'
import { merge } from '../../../web_client/src/reducer/fold.js'
import { keptFromJson } from '../../../web_client/src/reducer/kept.js'
import { type Profile, profileToJson } from '../../../web_client/src/reducer/profile.js'
import { parseAnswer } from '../../../web_client/src/sync/answer.js'
import { receive } from '../../../web_client/src/sync/receive.js'
import { seal } from '../../../web_client/src/sync/seal.js'
import { KEYED, START_MS } from '../device.js'
import { type DiffRequest, type Fault, Server } from '../server.js'
import { profileOfMine } from './mine.js'

const RUNS = Number(process.env.EDGEFOLD_COUNT ?? 150)
const SEED = Number(process.env.EDGEFOLD_SEED ?? 20_261)
// A run takes 10 ms or so; the machine may be busy with others.
const TIMEOUT_MS = 120_000 + 100 * RUNS

interface Steps {
  readonly seal: typeof seal
  readonly receive: typeof receive
}

/** A device: the state of its log, and what a backup of its storage would bring back. */
interface Device {
  state: State
  backup: State | null
}

type Command = { readonly kind: string; readonly device: number; readonly lost: number }

const commands: fc.Arbitrary<readonly Command[]> = fc.array(
  fc.record({
    kind: fc.oneof(
      { weight: 6, arbitrary: fc.constant('track') },
      { weight: 6, arbitrary: fc.constant('send') },
      { weight: 3, arbitrary: fc.constantFrom('ask', 'resend', 'late') },
      {
        weight: 5,
        arbitrary: fc.constantFrom('backup', 'rollback', 'clone', 'server backup', 'server restore'),
      },
    ),
    device: fc.nat({ max: 5 }),
    lost: fc.nat({ max: 5 }),
  }),
  { maxLength: 60 },
)

/** Two clones hold an event that their origin, rolled back, never had: each forks with it, and one finds it taken. */
const RARE: readonly Command[] = [
  'backup 0',
  'track 0',
  'clone 0',
  'clone 0',
  'rollback 0',
  'track 0',
  'send 0',
  'send 2',
  'send 3',
  'send 2',
  'send 3',
].map((line) => ({ kind: line.slice(0, -2), device: Number(line.at(-1)), lost: 5 }))

/** A simulation of one subject. Throws at the first event that vanishes, or is counted twice, or when somebody is stuck. */
class World {
  readonly server: Server
  readonly devices: Device[] = []
  private readonly late: DiffRequest[] = []
  private restore: (() => void) | null = null
  private names = 0

  constructor(
    fault: Fault,
    private readonly steps: Steps,
  ) {
    this.server = new Server(KEYED, fault)
    this.devices.push(this.newDevice(), this.newDevice())
  }

  private newDevice(): Device {
    return { state: freshState(KEYED, this.replica()), backup: null }
  }

  private replica(): string {
    return (this.names++).toString(16).padStart(32, '0')
  }

  do({ kind, device: index, lost }: Command): void {
    const device = this.devices[index % this.devices.length] as Device
    if (kind === 'track') this.track(device)
    else if (kind === 'ask') this.ask(device)
    else if (kind === 'send') this.send(device, lost)
    else if (kind === 'resend') this.resend(device)
    else if (kind === 'late') this.arriveLate()
    else if (kind === 'backup') device.backup = device.state
    else if (kind === 'rollback') device.state = device.backup ?? device.state
    else if (kind === 'clone' && this.devices.length < 5) this.devices.push({ ...device })
    else if (kind === 'server backup') this.restore = this.server.backup()
    else if (kind === 'server restore') this.restore?.()
  }

  private ask(device: Device): void {
    const { replica } = device.state.head
    this.hear(device, this.server.profile(replica), false)
    // What the others are to a new replica the answer to the one before did not say.
    if (device.state.head.replica !== replica) this.ask(device)
  }

  private resend(device: Device): void {
    this.send(device, 1)
    this.send(device, 5)
  }

  private arriveLate(): void {
    const request = this.late.pop()
    if (request !== undefined) this.server.put(request)
  }

  private track(device: Device): void {
    const { head, events } = device.state
    const seq = head.last + 1
    const id = `event${this.names.toString(36).padStart(3, '0')}`
    const key = `e${this.names++}`
    const event: StoredEvent = {
      seq,
      id,
      type: 'order',
      time: START_MS + this.names,
      data: { amount: 1, key },
    }
    device.state = {
      ...device.state,
      head: { ...head, last: seq, tracked: head.tracked + 1 },
      events: [...events, event],
    }
  }

  /** `lost`: 0 the request, 1 the reply, 2 the request comes much later; else nothing is. */
  private send(device: Device, lost: number): void {
    device.state = this.steps.seal(KEYED, device.state, START_MS)
    const { sealed } = device.state.body
    if (sealed === null || lost === 0) return
    const request: DiffRequest = { ...sealed, delta: JSON.parse(sealed.delta) as object }
    if (lost === 2) {
      this.late.push(request)
      return
    }
    const answer = this.server.put(request)
    if (lost !== 1) this.hear(device, answer, true)
  }

  private hear(device: Device, json: Record<string, unknown>, toDiff: boolean): void {
    const { replica } = device.state.head
    const before = device.state
    const answer = parseAnswer(KEYED, replica, toDiff, JSON.parse(JSON.stringify(json)))
    device.state = this.steps.receive(KEYED, before, answer, this.replica(), START_MS).state
    this.checkNothingVanished(before, device.state)
  }

  /** What a device held before an answer it holds after it, or the server has it. */
  private checkNothingVanished(before: State, after: State): void {
    const held = counts(profileOfMine(KEYED, after))
    const served = counts(this.server.whole())
    for (const [key, count] of counts(profileOfMine(KEYED, before))) {
      if (count > 0 && !held.get(key) && !served.get(key))
        throw new Error(`${key} is held by nobody any more`)
    }
    const { last, compacted, acked } = after.head
    expect(after.events.map((event) => event.seq)).toEqual(
      Array.from({ length: last - compacted }, (_, index) => compacted + 1 + index),
    )
    expect(acked).toBeLessThanOrEqual(last)
  }

  /** The network works again: everybody comes to rest, with the same profile, each event in it once. */
  settle(): void {
    const mine = this.devices.map((device) => counts(profileOfMine(KEYED, device.state)))
    const expected = new Set(
      [...mine, counts(this.server.whole())].flatMap((all) =>
        [...all].filter(([, n]) => n > 0).map(([key]) => key),
      ),
    )
    for (let round = 0; !this.quiet(); round++) {
      if (round > 40) throw new Error('somebody is stuck')
      for (const device of this.devices) this.send(device, 5)
    }
    for (const device of this.devices) this.ask(device)
    for (let round = 0; !this.quiet(); round++) {
      if (round > 40) throw new Error('somebody is stuck')
      for (const device of this.devices) this.send(device, 5)
    }
    const whole = counts(this.server.whole())
    for (const [key, count] of whole) if (count > 1) throw new Error(`${key} is counted ${count} times`)
    for (const key of expected) if (!whole.get(key)) throw new Error(`${key} is lost`)
    for (const device of this.devices) {
      this.ask(device)
      const scored = merge(
        KEYED,
        carry(KEYED, keptFromJson(device.state.body.others)).profile,
        profileOfMine(KEYED, device.state),
      )
      expect(profileToJson(scored)).toBe(profileToJson(this.server.whole()))
    }
  }

  private quiet(): boolean {
    return this.devices.every(
      ({ state }) => state.head.acked === state.head.last && state.body.sealed === null && !state.head.whole,
    )
  }
}

function counts(profile: Profile): Map<string, number> {
  const row = features(KEYED, profile, 2 ** 52)
  return new Map(
    Object.entries(row)
      .filter(([name]) => name.startsWith('n='))
      .map(([name, count]) => [name.slice(2), count as number]),
  )
}

function simulate(fault: Fault, steps: Steps, runs: number): void {
  fc.assert(
    fc.property(commands, (script) => {
      const world = new World(fault, steps)
      for (const command of script) world.do(command)
      world.settle()
    }),
    { numRuns: runs, seed: SEED, examples: [[RARE]] },
  )
}

describe('the steps of the sync', { timeout: TIMEOUT_MS }, () => {
  test('lose nothing and count nothing twice under loss, repetition, restores, rollbacks and clones', () => {
    simulate('none', { seal, receive }, RUNS)
  })
})

describe('the simulation reports', { timeout: TIMEOUT_MS }, () => {
  /** The first thing that goes wrong in a world with a fault. */
  function found(fault: Fault, steps: Partial<Steps>): string {
    try {
      simulate(fault, { seal, receive, ...steps }, 3_000)
    } catch (error) {
      return String((error as Error).cause)
    }
    return 'nothing'
  }

  test('a server that applies a diff twice', () => {
    expect(found('applies twice', {})).toMatch('times')
  })

  test('a server that acknowledges and drops', () => {
    expect(found('drops', {})).toMatch('lost')
  })

  test('a server that ignores that another replica has the events', () => {
    expect(found('ignores overlap', {})).toMatch('times')
  })

  test('a client that believes an acknowledgement without comparing ids', () => {
    const credulous: typeof receive = (spec, state, answer, replica) => {
      const seqs = Math.min(answer.acked, state.head.last)
      const recent = state.events.slice(0, seqs - state.head.compacted).map((event) => event.id)
      return receive(
        spec,
        state,
        { ...answer, acked: seqs, recent, head: recent.at(-1) ?? '' },
        replica,
        START_MS,
      )
    }
    expect(found('none', { receive: credulous })).toMatch(/lost|nobody|stuck|to be/)
  })

  test('a client that forks without the first of its own events', () => {
    const forgetful: typeof receive = (spec, state, answer, replica) => {
      const received = receive(spec, state, answer, replica, START_MS)
      const first = received.outcome === 'forked' ? received.state.events.slice(0, 1) : []
      return { ...received, state: without(received.state, new Set(first.map((event) => event.id))) }
    }
    expect(found('none', { receive: forgetful })).toMatch('held by nobody')
  })
})
