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
