/** What the tabs of one log tell each other: that something is new in the store they share. */

import { isObject } from '../reducer/canonical.js'
import { unref } from './timers.js'

const FORMAT = 1
// A notice names the types of one transaction's events; a page may have any number of types.
const MAX_TYPES = 1_024
// The first of many notices is told at once, those that follow together: each costs as much as storing an event.
const QUIET_MS = 50

/** What one tab tells the others. */
export interface Notice {
  /** The types of the events that were appended; none where a sync or an erasure has changed the rest. */
  readonly types: readonly string[]
  /** The log's head afterwards, as another tab says it: to be checked. */
  readonly head: unknown
}

export interface Tabs {
  tell(notice: Notice): void
  close(): void
}

/** Return the channel to the other tabs of a name; silent where the platform has none. Anybody on this origin may post to it:
 *  what is no notice of this format is not heard. */
export function openTabs(name: string, onNotice: (notice: Notice) => void): Tabs {
  const channel = openChannel(name)
  if (channel === null) return { tell() {}, close() {} }
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    const notice = parseNotice(data)
    if (notice !== null) onNotice(notice)
  }
  let closed = false
  let waiting: Notice | null = null
  let quiet: ReturnType<typeof setTimeout> | null = null

  function post(): void {
    quiet = null
    if (waiting === null) return
    channel?.postMessage({ edgefold: FORMAT, ...waiting })
    waiting = null
    quiet = setTimeout(post, QUIET_MS)
    unref(quiet)
  }

  return {
    tell({ types, head }) {
      // A sync may end after the client was closed; a closed channel throws.
      if (closed) return
      waiting = { types: [...new Set([...(waiting?.types ?? []), ...types])], head }
      if (quiet === null) post()
    },
    close() {
      if (closed) return
      if (quiet !== null) clearTimeout(quiet)
      post()
      if (quiet !== null) clearTimeout(quiet)
      closed = true
      channel.close()
    },
  }
}

function openChannel(name: string): BroadcastChannel | null {
  try {
    const channel = new BroadcastChannel(name)
    // In Node it would keep the process running.
    ;(channel as { unref?: () => void }).unref?.()
    return channel
  } catch {
    // Absent before 2022, and refused to a sandboxed page, which shares its store with nobody.
    return null
  }
}

function parseNotice(data: unknown): Notice | null {
  if (!isObject(data) || data.edgefold !== FORMAT) return null
  const { types, head = null } = data
  if (!Array.isArray(types) || types.length > MAX_TYPES) return null
  return types.every((type): type is string => typeof type === 'string') ? { types, head } : null
}
