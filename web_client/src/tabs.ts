/** What the tabs of one log tell each other: that something is new in the store they share. */

/** `events`: of these types were appended. `changed`: a sync or an erasure has changed the rest. */
export interface Notice {
  readonly events: readonly string[]
  readonly changed: boolean
}

export interface Tabs {
  tell(notice: Notice): void
  close(): void
}

/** Return the channel to the other tabs of a name; silent where the platform has none. */
export function openTabs(name: string, onNotice: (notice: Notice) => void): Tabs {
  if (globalThis.BroadcastChannel === undefined) return { tell() {}, close() {} }
  const channel = new BroadcastChannel(name)
  // In Node it would keep the process running.
  ;(channel as { unref?: () => void }).unref?.()
  channel.onmessage = ({ data }: MessageEvent<Notice>) => onNotice(data)
  let closed = false
  return {
    // A sync may end after the client was closed; a closed channel throws.
    tell(notice) {
      if (!closed) channel.postMessage(notice)
    },
    close() {
      closed = true
      channel.close()
    },
  }
}
