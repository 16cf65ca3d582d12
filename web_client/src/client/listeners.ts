/** The client's events, and their listeners: one that throws, or rejects, is reported, stays, and breaks nothing. */

import { asError } from '../log/errors.js'

type Listener<Value> = (value: Value) => unknown

export interface Listeners<Events> {
  /** Call a listener for each event of a name from now on. @returns the function that ends it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void
  has(name: keyof Events): boolean
}

/** Return listeners of no one yet. */
export function createListeners<Events>(
  onThrow: (name: keyof Events, error: Error) => void,
): Listeners<Events> {
  const held = new Map<keyof Events, Set<Listener<never>>>()

  return {
    on(name, listener) {
      const of = held.get(name) ?? new Set()
      held.set(name, of.add(listener))
      return () => void of.delete(listener)
    },
    emit(name, value) {
      for (const listener of [...(held.get(name) ?? [])] as Listener<typeof value>[]) {
        const failed = (error: unknown) => onThrow(name, asError(error))
        try {
          const result = listener(value)
          if (result instanceof Promise) result.catch(failed)
        } catch (error) {
          failed(error)
        }
      }
    },
    has: (name) => (held.get(name)?.size ?? 0) > 0,
  }
}
