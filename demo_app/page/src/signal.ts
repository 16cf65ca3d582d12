/** A value that tells when it changes. */

export interface Signal<T> {
  readonly get: () => T
  readonly set: (value: T) => void
  /** Call `listener` now and after every change. */
  readonly watch: (listener: (value: T) => void) => void
}

export function signal<T>(initial: T): Signal<T> {
  let held = initial
  const listeners = new Set<(value: T) => void>()
  return {
    get: () => held,
    set(value) {
      held = value
      for (const listener of listeners) listener(held)
    },
    watch(listener) {
      listeners.add(listener)
      listener(held)
    },
  }
}
