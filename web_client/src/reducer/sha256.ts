/** SHA-256 (FIPS 180-4), synchronous: the platform's own digest only answers later, and a spec's id is needed now. */

const ROUND_CONSTANTS = fractionalBits(64, 3)
const INITIAL_HASH = fractionalBits(8, 2)

/** Return the SHA-256 of a string's UTF-8 bytes, or of bytes, in lower-case hex. */
export function sha256(content: string | Uint8Array): string {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content
  const message = new Uint8Array(((bytes.length + 72) >> 6) << 6)
  message.set(bytes)
  message[bytes.length] = 0x80
  const view = new DataView(message.buffer)
  view.setUint32(message.length - 8, Math.floor(bytes.length / 2 ** 29))
  view.setUint32(message.length - 4, bytes.length << 3)

  const hash = INITIAL_HASH.slice()
  const schedule = new Int32Array(64)
  for (let offset = 0; offset < message.length; offset += 64) compress(hash, schedule, view, offset)
  return Array.from(hash, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

/** Mix one 64-byte block into the hash (FIPS 180-4, section 6.2.2). */
function compress(hash: Int32Array, schedule: Int32Array, view: DataView, offset: number): void {
  for (let i = 0; i < 16; i++) schedule[i] = view.getInt32(offset + 4 * i)
  for (let i = 16; i < 64; i++) {
    const early = at(schedule, i - 15)
    const late = at(schedule, i - 2)
    const small0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)
    const small1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)
    schedule[i] = at(schedule, i - 16) + small0 + at(schedule, i - 7) + small1
  }
  let [a, b, c, d, e, f, g, h] = hash as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  for (let i = 0; i < 64; i++) {
    const choice = (e & f) ^ (~e & g)
    const majority = (a & b) ^ (a & c) ^ (b & c)
    const big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
    const big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
    const first = (h + big1 + choice + at(ROUND_CONSTANTS, i) + at(schedule, i)) | 0
    h = g
    g = f
    f = e
    e = (d + first) | 0
    d = c
    c = b
    b = a
    a = (first + big0 + majority) | 0
  }
  const mixed = [a, b, c, d, e, f, g, h]
  for (let i = 0; i < 8; i++) hash[i] = at(hash, i) + (mixed[i] as number)
}

/** The first 32 bits of the fractional parts of the first primes' square or cube roots (FIPS 180-4, 4.2.2 and 5.3.3). */
function fractionalBits(count: number, root: 2 | 3): Int32Array {
  const words: number[] = []
  for (let candidate = 2; words.length < count; candidate++) {
    if (isPrime(candidate))
      words.push(Number(integerRoot(BigInt(candidate) << BigInt(32 * root), root) & 0xffffffffn))
  }
  return Int32Array.from(words, (word) => word | 0)
}

function isPrime(candidate: number): boolean {
  for (let divisor = 2; divisor * divisor <= candidate; divisor++) if (candidate % divisor === 0) return false
  return true
}

/** The largest integer whose `root`-th power does not pass `value`, by bisection: no float decides a bit. */
function integerRoot(value: bigint, root: 2 | 3): bigint {
  let [low, high] = [0n, 1n << 40n]
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle ** BigInt(root) <= value) low = middle
    else high = middle
  }
  return low
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits))
}

function at(words: Int32Array, index: number): number {
  return words[index] as number
}
