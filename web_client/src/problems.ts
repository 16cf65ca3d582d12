/** What goes wrong in the client: one root, the values as properties. None of them is ever thrown into the page unasked. */

import { shown } from './errors.js'

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

/** No usable answer came: offline, a timeout, or the token could not be had. */
export class NoAnswer extends ClientError {
  override readonly name = 'NoAnswer'

  constructor(
    readonly url: string,
    override readonly cause: unknown,
  ) {
    super(`no answer came from ${url}: ${messageOf(cause)}; it is sent again later.`)
  }
}

/** An answer that no server of this protocol can have given; nothing of it is believed. */
export class InvalidAnswer extends ClientError {
  override readonly name = 'InvalidAnswer'

  constructor(
    readonly where: string,
    readonly value: unknown,
    readonly expected: string,
  ) {
    super(`${where} of the server's answer is ${shown(value)}; expected ${expected}. Check the sync url.`)
  }
}

/** The server refused (RFC 9457). `name` is the problem's own: InvalidToken, TooManyRequests, … */
export class ServerProblem extends ClientError {
  override readonly name: string

  constructor(
    readonly status: number,
    name: string,
    readonly detail: string,
    /** The members of the problem, as they came. */
    readonly values: Readonly<Record<string, unknown>>,
    /** How long the server asked to wait, in milliseconds. */
    readonly retryAfterMs: number,
  ) {
    super(`the server answered ${status} ${name}: ${detail}`)
    this.name = name
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

/** Events that the server refused for what they are; they count on this device and are offered again later. */
export class EventsQuarantined extends ClientError {
  override readonly name = 'EventsQuarantined'

  constructor(
    readonly ids: readonly string[],
    override readonly cause: ServerProblem,
  ) {
    super(
      `the server refused the event${ids.length === 1 ? '' : 's'} ${ids.join(', ')} with ${cause.name}: ${cause.detail}; ` +
        'they count on this device only, until the spec changes or a day has passed.',
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

function messageOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'message' in cause
    ? String(cause.message)
    : String(cause)
}
