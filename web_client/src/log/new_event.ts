/** An event on its way into the log: checked at the door, with data of its own. */

import { randomEventId } from '../platform/random.js'
import { isObject } from '../reducer/canonical.js'
import { InvalidEvent } from '../reducer/errors.js'
import { validateEvent } from '../reducer/event.js'
import type { Spec } from '../reducer/spec.js'
import type { StoredEvent } from './store/store.js'

/** An event that has passed the spec, before the log gives it a seq. */
export interface NewEvent {
  readonly id: string
  readonly type: string
  readonly data: StoredEvent['data']
}

/** Return the event with data of its own, read once: what the page changes afterwards, or computes on access, is no matter. */
export function newEvent(spec: Spec | null, type: unknown, given: unknown): NewEvent {
  let data: unknown = given
  if (isObject(given)) {
    data = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  }
  const id = randomEventId()
  if (spec === null) return { id, ...unchecked(type, data) }
  const kept = validateEvent(spec, { type, time: 0, data })
  return { id, type: kept.type, data: Object.freeze(data) as StoredEvent['data'] }
}

/** An event whose spec is not known yet has at least an event's form. */
function unchecked(type: unknown, data: unknown): Omit<NewEvent, 'id'> {
  if (typeof type !== 'string') throw new InvalidEvent(null, 'type', type, 'the name of an event type')
  const isScalar = (value: unknown) =>
    value === null || ['number', 'string', 'boolean'].includes(typeof value)
  if (!isObject(data) || !Object.values(data).every(isScalar)) {
    throw new InvalidEvent(type, 'data', data, 'an object of numbers, strings and booleans')
  }
  return { type, data: Object.freeze(data) as StoredEvent['data'] }
}
