/** The client's events, and their listeners: one that throws is reported and breaks nothing. */

import { asError } from '../log/errors.js'

type Listener<Value> = (value: Value) => void

export interface Listeners<Events> {
  /** Call a listener for each event of a name from now on. @returns the function that ends it. */
  on<Name extends keyof Events>(name: Name, listener: Listener<Events[Name]>): () => void
  emit<Name extends keyof Events>(name: Name, value: Events[Name]): void
  has(name: keyof Events): boolean
}

/** Return listeners of no one yet; what one throws goes to those of 'error'. */
export function createListeners<Events extends { error: Error }>(): Listeners<Events> {
  const held = new Map<keyof Events, Set<Listener<never>>>()

  function emit<Name extends keyof Events>(name: Name, value: Events[Name]): void {
    for (const listener of [...(held.get(name) ?? [])] as Listener<Events[Name]>[]) {
      try {
        listener(value)
      } catch (error) {
        // Of an error listener that throws itself nobody else is left to tell.
        if (name === 'error') console.error(error)
        else emit('error', asError(error) as Events['error'])
      }
    }
  }

  return {
    on(name, listener) {
      const of = held.get(name) ?? new Set()
      held.set(name, of.add(listener))
      return () => of.delete(listener)
    },
    emit,
    has: (name) => (held.get(name)?.size ?? 0) > 0,
  }
}
