/** What goes wrong with a bundle: one root, the values as properties, the same names as in Python. */

import { shown } from '../reducer/errors.js'

/** The root of every error that opening or scoring a bundle throws on purpose. */
export class BundleError extends Error {
  override readonly name: string = 'BundleError'
}

/** A bundle that is damaged, incomplete, or not what its manifest says. */
export class InvalidBundle extends BundleError {
  override readonly name = 'InvalidBundle'

  constructor(
    readonly file: string,
    readonly value: unknown,
    readonly expected: string,
    options?: ErrorOptions,
  ) {
    super(`${file} is ${shown(value)}; expected ${expected}. Fetch or export the bundle again.`, options)
  }
}

/** A bundle whose last moment is past. */
export class BundleExpired extends BundleError {
  override readonly name = 'BundleExpired'

  constructor(
    readonly bundle: string,
    readonly expires: string,
  ) {
    super(`bundle ${bundle} expired at ${expires}; fetch or export a newer version.`)
  }
}

/** A served version below the one that is active on this device. */
export class BundleTooOld extends BundleError {
  override readonly name = 'BundleTooOld'

  constructor(
    readonly bundle: string,
    readonly version: number,
    readonly active: number,
  ) {
    super(
      `bundle ${bundle} is served in version ${version}; expected ${active}, the active one, or above. ` +
        'To go back, export the older model again under a higher version.',
    )
  }
}

/** A file of a bundle that did not arrive: no network, no such file, or no answer in time. */
export class BundleUnavailable extends BundleError {
  override readonly name = 'BundleUnavailable'

  constructor(
    readonly url: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`${url} did not arrive: ${reason}; expected status 200. Try again when it can be reached.`, options)
  }
}

/** A row to score that does not have the model's features. */
export class InvalidRows extends BundleError {
  override readonly name = 'InvalidRows'

  constructor(
    readonly feature: string,
    readonly value: unknown,
    readonly expected: string,
  ) {
    super(`feature ${feature} is ${shown(value)}; expected ${expected}.`)
  }
}

/** A bundle that works now but could not be stored for the next time without a network. */
export class BundleNotKept extends BundleError {
  override readonly name = 'BundleNotKept'

  constructor(
    readonly bundle: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `bundle ${bundle} could not be kept on this device: ${reason}; expected room in Cache Storage. ` +
        'It scores now, but will not open without a network.',
      options,
    )
  }
}
