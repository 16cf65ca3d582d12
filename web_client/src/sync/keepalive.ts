/** Which requests may outlive their page: browsers allow 64 KiB of bodies under way in all, in bytes (Fetch standard, 4.6). */

// The standard's limit is 65,536; some browsers count headers too.
const MAX_KEEPALIVE_BYTES = 60_000

let underWayBytes = 0

/** Whether a body may be sent with `keepalive` now. */
export function fitsKeepalive(bytes: number): boolean {
  return underWayBytes + bytes <= MAX_KEEPALIVE_BYTES
}

/** Count a body as under way. @returns the function that ends it; repeating that is harmless. */
export function countKeepalive(bytes: number): () => void {
  underWayBytes += bytes
  let counted = true
  return () => {
    if (counted) underWayBytes -= bytes
    counted = false
  }
}
