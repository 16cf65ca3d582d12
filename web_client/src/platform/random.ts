/** The two random names that the log gives out. */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Return the id of an event: 48 random bits, 8 base64url characters. */
export function randomEventId(): string {
  // 256 is a multiple of 64: every character is as likely.
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => ALPHABET[byte & 63]).join('')
}

/** Return the id of a replica: 128 random bits in lower-case hex. */
export function randomReplica(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}
