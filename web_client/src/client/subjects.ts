/** Whose log is in use: one session after the other, the last choice wins, and events of two people never meet. */

import { journalStorage } from '../log/journal.js'
import { sha256 } from '../reducer/sha256.js'
import type { Spec } from '../reducer/spec.js'
import { InvalidOptions } from './errors.js'
import { adoptAnonymous, moveTracked } from './move.js'
import type { Place, Session } from './session.js'

export interface Subjects {
  /** The session in use; while a switch is under way, the one before. */
  current(): Session
  /** Run in the session in use: in the same task, but where a switch is under way, in the session after it. */
  run<Result>(task: (session: Session) => Promise<Result>): Promise<Result>
  /** Fold by this spec, which was not known before. */
  setSpec(spec: Spec): Promise<void>
  /** Go on with the log of a subject. */
  identify(subject: string, adopt: boolean): Promise<void>
  /** Go on with the anonymous log. */
  reset(): Promise<void>
  /** The server says that the token is of another subject: go on with the log of its tag, unless the page has named the subject.
   *
   *  @returns null where the page has; the session that it is about may be closed by then. */
  follow(session: Session, tag: string): Promise<void> | null
  close(): Promise<void>
}

export interface SubjectsOptions {
  readonly name: string
  readonly subject: string | null
  /** Whether each log can have a store of its own. */
  readonly manyStores: boolean
  readonly open: (place: Place) => Promise<Session>
  /** Another log is in use now. */
  readonly onSwitch: () => void
}

/** Open the log that was in use last, or that of the subject that is named. */
export async function openSubjects(options: SubjectsOptions): Promise<Subjects> {
  const { name, subject, manyStores, open, onSwitch } = options
  const pointer = createPointer(name)
  let session = await open(subject === null ? lastPlace() : placeOf(subject))
  let queue: Promise<void> | null = null
  let switches = 0
  remember()

  function placeOf(named: string): Place {
    return { log: `${name}.${sha256(named).slice(0, 16)}`, subject: named }
  }

  function lastPlace(): Place {
    const last = manyStores ? pointer.read() : null
    return { log: last === null ? name : `${name}.${last}`, subject: null }
  }

  function remember(): void {
    pointer.write(session.place.log === name ? null : session.place.log.slice(name.length + 1))
  }

  /** Switches run one after the other, in the order of their calls. */
  function inTurn(task: () => Promise<void>): Promise<void> {
    switches++
    const mine = (queue ?? Promise.resolve()).then(task).finally(() => {
      if (--switches === 0) queue = null
    })
    queue = mine.catch(() => {})
    return mine
  }

  async function replace(
    place: Place,
    move: (from: Session, into: Session) => Promise<void> = async () => {},
  ): Promise<void> {
    const before = session
    if (before.place.log === place.log) {
      if (before.place.subject === place.subject) return
      // A store of one tab is free only once it is closed.
      await before.close()
      session = await open(place)
    } else {
      if (!manyStores) {
        const expected =
          'a kind of store, or a function from names to Stores: each subject has a log of its own'
        throw new InvalidOptions('store', before.store.kind, expected)
      }
      const next = await open(place)
      try {
        await move(before, next)
      } catch (error) {
        await next.close()
        throw error
      }
      session = next
      onSwitch()
      await before.close()
    }
    remember()
  }

  async function placeOfTag(tag: string): Promise<Place> {
    const own = { log: `${name}.${tag}`, subject: null }
    if (session.place.log === name) return own
    // The anonymous log may have been this subject's before any other came.
    const anonymous = await open({ log: name, subject: null })
    const isTheirs = anonymous.log.head().subject === tag
    await anonymous.close()
    return isTheirs ? { log: name, subject: null } : own
  }

  function run<Result>(task: (session: Session) => Promise<Result>): Promise<Result> {
    // A call belongs to the last switch before it, whatever switches come after.
    return queue === null ? task(session) : queue.then(() => task(session))
  }

  return {
    current: () => session,
    run,
    setSpec: (spec) => run((inUse) => inUse.setSpec(spec)),
    identify: (named, adopt) =>
      inTurn(() =>
        replace(placeOf(named), async (from, into) => {
          if (adopt && from.place.log === name) await adoptAnonymous(from, into)
        }),
      ),
    reset: () => inTurn(() => replace({ log: name, subject: null })),
    follow(about, tag) {
      if (about.place.subject !== null || !manyStores) return null
      return inTurn(async () => {
        // Whoever was named since has a session of their own.
        if (session !== about) return
        await replace(await placeOfTag(tag), moveTracked)
      })
    },
    async close() {
      while (queue !== null) await queue
      await session.close()
    },
  }
}

/** Which log was in use last: without a network, only the device itself can tell. */
function createPointer(name: string) {
  const key = `${name}:subject`
  const storage = journalStorage()
  return {
    read(): string | null {
      try {
        const text = storage?.getItem(key) ?? ''
        return /^[0-9a-f]{16,64}$/.test(text) ? text : null
      } catch {
        return null
      }
    },
    write(last: string | null): void {
      try {
        if (last === null) storage?.removeItem(key)
        else storage?.setItem(key, last)
      } catch {
        // Full, or forbidden: the next start asks the server.
      }
    },
  }
}
