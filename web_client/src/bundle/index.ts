/** Open, verify and score a bundle. */

export type { Score } from './activate.js'
export {
  BundleError,
  BundleExpired,
  BundleNotKept,
  BundleTooOld,
  BundleUnavailable,
  InvalidBundle,
  InvalidRows,
} from './errors.js'
export type { BundleFiles } from './files.js'
export type { BundleFeature, BundleFile, Label, Manifest, Tensor } from './manifest.js'
export { type OpenBundleOptions, openBundle, type ScoringBundle } from './open.js'
export type { Row } from './rows.js'
