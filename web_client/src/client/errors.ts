/** What goes wrong between the page and its client. */

import { ClientError, messageOf } from '../log/errors.js'
import { shown } from '../reducer/errors.js'

/** An option of `openClient`, or an argument of one of its calls, that can't be used. */
export class InvalidOptions extends ClientError {
  override readonly name = 'InvalidOptions'

  constructor(
    readonly option: string,
    readonly value: unknown,
    readonly expected: string,
    /** The name that may have been meant. */
    readonly suggestion: string | null = null,
  ) {
    const meant = suggestion === null ? '' : `; did you mean '${suggestion}'?`
    super(`${option} is ${shown(value)}; expected ${expected}${meant || '.'}`)
  }
}

/** The page's clock threw, or told no time; `Date.now` is used in its place. Told once. */
export class ClockFailed extends ClientError {
  override readonly name = 'ClockFailed'

  constructor(
    readonly value: unknown,
    override readonly cause?: unknown,
  ) {
    const told = cause === undefined ? `returned ${shown(value)}` : `threw ${messageOf(cause)}`
    super(`clock() ${told}; expected milliseconds since 1970, so Date.now() is used whenever it does so.`)
  }
}
