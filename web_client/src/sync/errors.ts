/** What goes wrong between the log and its server. */

import { ClientError, messageOf } from '../log/errors.js'
import { shown } from '../reducer/errors.js'

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

/** An answer that is none of this protocol's: a proxy's page, a login, another API. It says nothing of what was sent, which is kept. */
export class ForeignAnswer extends ClientError {
  override readonly name = 'ForeignAnswer'

  constructor(
    readonly url: string,
    readonly status: number,
    /** How the answer begins. */
    readonly text: string,
    /** How long it asked to wait, in milliseconds. */
    readonly retryAfterMs: number,
  ) {
    super(
      `${url} answered ${status} with ${shown(text)}; expected a problem of this protocol. ` +
        'What was sent is kept and sent again: see what stands between the page and the API.',
    )
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

/** The token is of another subject than the log: nothing of the log is sent, and nothing of the answer is used. */
export class SubjectMismatch extends ClientError {
  override readonly name = 'SubjectMismatch'

  constructor(
    /** The tag of the log's subject. */
    readonly given: string | null,
    /** The tag of the token's. */
    readonly expected: string,
  ) {
    super(
      `the log is of subject ${shown(given)}, the token of ${shown(expected)}; nothing was sent. ` +
        'Call identify() when another person signs in, and fetch the token of that person.',
    )
  }
}
