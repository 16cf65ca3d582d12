/** `fold` and `merge`, the two pure functions that make every profile. */

import type { Accumulator, State } from './aggregates/base.js'
import { aggregatesOfSpec } from './aggregates/registry.js'
import { type Reading, readerOf, readingsOf } from './event.js'
import type { Value } from './field.js'
import type { AggregateNode } from './node.js'
import { checkSpec, type Profile, prunedProfile } from './profile.js'
import { checkReplica } from './replica.js'
import type { Spec } from './spec.js'

export interface FoldOptions {
  /** The replica that the events come from; it breaks ties of `first` and `last`. `''` by default. */
  readonly replica?: string
}

/** Fold events, in any order, into their profile. An event without `seq` gets its position in the sequence, from 1.
 *
 *  @throws InvalidEvent the spec refuses an event; nothing is half applied.
 *  @throws InvalidReplica the replica's name is not `[A-Za-z0-9_-]{0,64}`. */
export function fold(spec: Spec, events: Iterable<unknown>, options: FoldOptions = {}): Profile {
  const replica = checkReplica(options.replica ?? '')
  const aggregates = [...aggregatesOfSpec(spec)]
  const accumulators = aggregates.map(([, aggregate]) => aggregate.accumulator(replica))
  const feeds = new Map(
    [...readingsOf(spec)].map(([type, reading]) => [type, feedsOf(spec, reading, accumulators)]),
  )
  const read = readerOf(spec)
  let lastMs: number | null = null
  let position = 0
  for (const event of events) {
    position++
    const reading = read(event)
    if (lastMs === null || reading.time > lastMs) lastMs = reading.time
    feed(feeds.get(reading.type) as readonly Feed[], reading, reading.seq || position)
  }
  const states = aggregates.map(([hash], index) => [hash, accumulators[index]?.state()] as const)
  return prunedProfile(
    spec,
    lastMs,
    states.filter((entry): entry is [string, State] => entry[1] !== undefined),
  )
}

/** Return the profile of the events of both.
 *
 *  @throws SpecMismatch one of them was folded by another spec. */
export function merge(spec: Spec, a: Profile, b: Profile): Profile {
  checkSpec(spec, a)
  checkSpec(spec, b)
  const aggregates = aggregatesOfSpec(spec)
  const merged = new Map(a.states)
  for (const [hash, state] of b.states) {
    const held = merged.get(hash)
    const both = held === undefined ? state : aggregates.get(hash)?.merge(held, state)
    if (both === undefined) merged.delete(hash)
    else merged.set(hash, both)
  }
  const lastMs = a.lastMs === null || (b.lastMs !== null && b.lastMs > a.lastMs) ? b.lastMs : a.lastMs
  return prunedProfile(spec, lastMs, merged)
}

/** Where an accumulator finds its predicate, value and key in the registers of an event; -1 where it has none. */
interface Feed {
  readonly accumulator: Accumulator
  readonly where: number
  readonly value: number
  readonly key: number
}

function feedsOf(spec: Spec, reading: Reading, accumulators: readonly Accumulator[]): readonly Feed[] {
  return [...spec.aggregates.values()]
    .map((node, index) => ({ node, accumulator: accumulators[index] as Accumulator }))
    .filter(({ node }) => node.event === reading.type)
    .map(({ node, accumulator }) => ({ accumulator, ...registersOf(node, reading) }))
}

function registersOf(node: AggregateNode, reading: Reading): Omit<Feed, 'accumulator'> {
  return {
    where: node.where === null ? -1 : reading.registerOf(node.where),
    value: node.value === null ? -1 : reading.registerOf(node.value),
    key: node.key === null ? -1 : reading.registerOfField(node.key),
  }
}

function feed(feeds: readonly Feed[], { registers, time }: Reading, seq: number): void {
  for (let index = 0; index < feeds.length; index++) {
    const { accumulator, where, value, key } = feeds[index] as Feed
    if (where >= 0 && registers[where] !== true) continue
    const amount: Value | undefined = value < 0 ? 1 : registers[value]
    if (amount === undefined) continue
    if (key < 0) {
      accumulator.update(amount, time, seq, undefined)
    } else {
      const name = registers[key]
      if (name !== undefined) accumulator.update(amount, time, seq, name as string)
    }
  }
}
