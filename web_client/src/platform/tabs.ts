/** What the tabs of one log tell each other: that something is new in the store they share. */

export interface Tabs {
  /** Tell that events of these types were appended; of none, that a sync or an erasure has changed the rest. */
  tell(types: readonly string[]): void
  close(): void
}

/** Return the channel to the other tabs of a name; silent where the platform has none. */
export function openTabs(name: string, onNotice: (types: readonly string[]) => void): Tabs {
  if (globalThis.BroadcastChannel === undefined) return { tell() {}, close() {} }
  const channel = new BroadcastChannel(name)
  // In Node it would keep the process running.
  ;(channel as { unref?: () => void }).unref?.()
  channel.onmessage = ({ data }: MessageEvent<readonly string[]>) => onNotice(data)
  let closed = false
  return {
    // A sync may end after the client was closed; a closed channel throws.
    tell(types) {
      if (!closed) channel.postMessage(types)
    },
    close() {
      closed = true
      channel.close()
    },
  }
}
