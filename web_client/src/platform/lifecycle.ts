/** The life of a page: looked at, hidden, left, back, online. A hybrid app or a test gives its own. */

/** `hidden`: it may go at any moment, often with no further word. `gone`: it is being left; nothing asynchronous may end any more. */
export type Presence = 'here' | 'hidden' | 'gone'

export interface Lifecycle {
  presence(): Presence
  /** Call when the page is hidden, and when it is gone: maybe both, one after the other. @returns the function that ends it. */
  onLeave(callback: () => void): () => void
  /** Call when the page is looked at again. @returns the function that ends it. */
  onReturn(callback: () => void): () => void
  /** Call when the device has a network again. @returns the function that ends it. */
  onOnline(callback: () => void): () => void
}

/** The part of a window, a worker or a document that is listened to; each member may be missing. */
interface Target {
  addEventListener?(type: string, listener: () => void): void
  removeEventListener?(type: string, listener: () => void): void
}

/** Return the life of this page; where there is none, as in Node, it is always here. */
export function createLifecycle(): Lifecycle {
  const page: Target = globalThis
  const sheet = (globalThis as { readonly document?: Target & { readonly visibilityState?: string } })
    .document
  let gone = false

  const isHidden = () => sheet?.visibilityState === 'hidden'
  const goes = (callback: () => void) => () => {
    gone = true
    callback()
  }
  // A page that comes back from the browser's cache of pages was gone, and is here.
  const comes = (callback: () => void) => () => {
    gone = false
    callback()
  }

  return {
    presence: () => (gone ? 'gone' : isHidden() ? 'hidden' : 'here'),
    onLeave(callback) {
      const whenHidden = () => {
        if (isHidden()) callback()
      }
      return all(
        listen(page, 'pagehide', goes(callback)),
        listen(
          page,
          'pageshow',
          comes(() => {}),
        ),
        listen(sheet, 'visibilitychange', whenHidden),
        // A browser may end a frozen page without a word.
        listen(sheet, 'freeze', callback),
      )
    },
    onReturn(callback) {
      const whenShown = () => {
        if (!isHidden()) callback()
      }
      return all(listen(page, 'pageshow', comes(callback)), listen(sheet, 'visibilitychange', whenShown))
    },
    onOnline: (callback) => listen(page, 'online', callback),
  }
}

function listen(target: Target | undefined, type: string, callback: () => void): () => void {
  target?.addEventListener?.(type, callback)
  return () => target?.removeEventListener?.(type, callback)
}

function all(...ends: readonly (() => void)[]): () => void {
  return () => {
    for (const end of ends) end()
  }
}
