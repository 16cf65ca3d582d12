/** One holder at a time, among all tabs of the origin where the browser has Web Locks, else in this page. */

const waiting = new Map<string, Promise<unknown>>()

/** Run a task while no other holder of the name runs. The lock of a tab that is closed or killed is free at once.
 *
 *  @throws AbortError `signal` was aborted before the task could begin. */
export async function withLock<Result>(
  name: string,
  task: () => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const locks = webLocks()
  if (locks !== undefined) {
    return (await locks.request(name, signal === undefined ? {} : { signal }, task)) as Result
  }
  const before = waiting.get(name) ?? Promise.resolve()
  let begun = false
  const begin = () => {
    signal?.throwIfAborted()
    begun = true
    return task()
  }
  const mine = before.then(begin, begin)
  waiting.set(name, mine)
  const free = () => {
    if (waiting.get(name) === mine) waiting.delete(name)
  }
  mine.then(free, free)
  // The holder before may never end; whoever waits for it may.
  return await new Promise<Result>((resolve, reject) => {
    const end = () => {
      if (!begun) reject(signal?.reason)
    }
    if (signal?.aborted) end()
    signal?.addEventListener('abort', end)
    mine.then(resolve, reject).finally(() => signal?.removeEventListener('abort', end))
  })
}

function webLocks(): LockManager | undefined {
  // Absent in an insecure context, in Node before 24 and in browsers of before 2022.
  return (globalThis.navigator as Partial<Navigator> | undefined)?.locks
}

const held = new Set<string>()

/** Take a name for as long as the page lives, or until what is returned is called.
 *
 *  @returns null where another tab has it, or where the browser has no locks to tell. */
export async function holdLock(name: string): Promise<(() => void) | null> {
  const locks = webLocks()
  if (locks === undefined) {
    // Without Web Locks nobody can tell what other tabs do; where there is no document there is no other tab.
    if (globalThis.document !== undefined || held.has(name)) return null
    held.add(name)
    return () => held.delete(name)
  }
  return await new Promise((resolve, reject) => {
    locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (lock === null) return resolve(null)
        return new Promise<void>((release) => resolve(release))
      })
      .catch(reject)
  })
}
