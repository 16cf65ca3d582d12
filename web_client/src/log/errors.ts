/** What goes wrong in the log and its stores: one root, the values as properties. None of them is ever thrown into the page unasked. */

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
