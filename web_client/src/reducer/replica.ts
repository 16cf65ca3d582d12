/** The name of a replica: one device's storage. */

import { InvalidReplica } from './errors.js'

/** Whether a value names a replica: ASCII, so that its order is the same everywhere. */
export function isReplica(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{0,64}$/.test(value)
}

/** Return a value where it names a replica, else throw InvalidReplica. */
export function checkReplica(value: unknown): string {
  if (!isReplica(value)) throw new InvalidReplica(value)
  return value
}
