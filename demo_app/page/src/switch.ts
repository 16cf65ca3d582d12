/** What is open, and a new choice of it: one step after the other, and the last choice wins. */

import { type Signal, signal } from './signal.js'

export interface Closable {
  readonly close: () => Promise<void>
}

export interface Switch<Choice, Opened> {
  /** What is open; null while it is being changed, so that nothing acts on what is about to go. */
  readonly current: Signal<Opened | null>
  /** Close what is open and open this choice. A later choice overtakes it: then it is not opened, or closed again.
   *  Resolves when that is done; rejects with what failed, unless it was overtaken. */
  readonly choose: (choice: Choice) => Promise<void>
  /** Work on what is open. `current` is null meanwhile, and a choice waits. Does nothing where nothing is open. */
  readonly change: (work: (opened: Opened) => Promise<void>) => Promise<void>
}

export function createSwitch<Choice, Opened extends Closable>(
  open: (choice: Choice) => Promise<Opened>,
): Switch<Choice, Opened> {
  const current = signal<Opened | null>(null)
  let opened: Opened | null = null
  let choices = 0
  let waiting = 0
  let last: Promise<void> = Promise.resolve()

  function inTurn(step: () => Promise<void>): Promise<void> {
    waiting++
    current.set(null)
    const turn = last.then(step).finally(() => {
      waiting--
      if (waiting === 0) current.set(opened)
    })
    last = turn.catch(() => undefined) // whoever asked for it is told; the next begins all the same
    return turn
  }

  async function replace(choice: Choice, overtaken: () => boolean): Promise<void> {
    const before = opened
    opened = null
    await before?.close()
    if (overtaken()) return
    const next = await open(choice)
    if (overtaken()) await next.close()
    else opened = next
  }

  return {
    current,
    choose(choice) {
      const number = ++choices
      const overtaken = () => number !== choices
      return inTurn(async () => {
        try {
          await replace(choice, overtaken)
        } catch (error) {
          if (!overtaken()) throw error
        }
      })
    },
    change(work) {
      const target = current.get()
      return target === null ? Promise.resolve() : inTurn(() => work(target))
    },
  }
}
