/** What goes wrong in the log and its stores: one root, the values as properties. None of them is ever thrown into the page unasked. */

import type { StoredEvent } from './store/store.js'

/** The root of every error of the log, the stores and the sync. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError'
}

/** A call to a client after `close()`. */
export class ClientClosed extends ClientError {
  override readonly name = 'ClientClosed'

  constructor(readonly call: string) {
    super(`${call}() was called on a closed client; open another with openClient().`)
  }
}

/** The device refused to read or write. What was to be written is kept in memory and tried again. */
export class StoreFailed extends ClientError {
  override readonly name = 'StoreFailed'
  /** Whether the reason is that there is no room left. */
  readonly full: boolean

  constructor(
    readonly store: string,
    override readonly cause: unknown,
  ) {
    const full = nameOf(cause) === 'QuotaExceededError' || nameOf(cause) === 'NS_ERROR_DOM_QUOTA_REACHED'
    const advice = full ? 'free some room' : 'keep the page open, it is tried again'
    super(`the ${store} store failed with ${nameOf(cause)}: ${messageOf(cause)}; ${advice}.`)
    this.full = full
  }
}

/** Very many events wait for the server; all are kept, and more are taken. Told once until the server has caught up. */
export class ManyPending extends ClientError {
  override readonly name = 'ManyPending'

  constructor(
    readonly pending: number,
    readonly expected: number,
  ) {
    super(
      `${pending} events wait for the server, expected at most ${expected}; they are kept, and fill the device. ` +
        "See why no sync succeeds: status().sync tells the last one's error.",
    )
  }
}

/** Events that the server, or a newer spec, refused for what they are; they are kept apart and offered again later. */
export class EventsQuarantined extends ClientError {
  override readonly name = 'EventsQuarantined'
  readonly ids: readonly string[]

  constructor(
    readonly events: readonly StoredEvent[],
    /** The name of what refused them: InvalidEvent where it is the log's spec. */
    readonly problem: string,
  ) {
    const ids = events.map((event) => event.id)
    const shown =
      ids.length <= 5 ? ids.join(', ') : `${ids.slice(0, 5).join(', ')} and ${ids.length - 5} more`
    super(
      `${ids.length} event${ids.length === 1 ? ' was' : 's were'} refused with ${problem}: ${shown}; ` +
        'kept on this device and offered again, until the spec changes or a day has passed.',
    )
    this.ids = ids
  }
}

/** The log's time was false, for the device's clock had been ahead; it has come back, and so have the events stamped by it. */
export class ClockMended extends ClientError {
  override readonly name = 'ClockMended'

  constructor(
    readonly fromMs: number,
    readonly toMs: number,
  ) {
    super(
      `the log's time was ${moment(fromMs)}, the clock says ${moment(toMs)}; ` +
        'events from the false time now have that of the clock. Nothing is to be done.',
    )
  }
}

/** A newer client has moved the log to another spec: this one tracks and scores, and leaves the rest to it. */
export class Outdated extends ClientError {
  override readonly name = 'Outdated'

  constructor(
    readonly given: string | null,
    readonly expected: string,
  ) {
    const ours = given === null ? 'no spec yet' : `spec ${given.slice(0, 12)}…`
    super(
      `this page has ${ours}, its log is kept by ${expected === '' ? 'none' : `spec ${expected.slice(0, 12)}…`}; ` +
        'events are stored. Reload the page for the newer version.',
    )
  }
}

/** Return whatever was thrown as an Error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new ClientError(String(thrown))
}

function nameOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'name' in cause ? String(cause.name) : 'an error'
}

export function messageOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'message' in cause
    ? String(cause.message)
    : String(cause)
}

function moment(timeMs: number): string {
  // A date of JavaScript ends in the year 275760.
  return timeMs < 8.64e15 ? new Date(timeMs).toISOString() : `${timeMs} ms since 1970`
}
