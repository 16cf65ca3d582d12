/** One holder at a time, among all tabs of the origin where the browser has Web Locks, else in this page. */

const waiting = new Map<string, Promise<unknown>>()

/** Run a task while no other holder of the name runs. The lock of a tab that is closed or killed is free at once. */
export async function withLock<Result>(name: string, task: () => Promise<Result>): Promise<Result> {
  const locks = webLocks()
  if (locks !== undefined) return (await locks.request(name, task)) as Result
  const before = waiting.get(name) ?? Promise.resolve()
  const mine = before.then(task, task)
  waiting.set(name, mine)
  try {
    return await mine
  } finally {
    if (waiting.get(name) === mine) waiting.delete(name)
  }
}

/** Whether a lock holds against other tabs. */
export function locksAcrossTabs(): boolean {
  return webLocks() !== undefined
}

function webLocks(): LockManager | undefined {
  // Absent in an insecure context, in Node before 24 and in browsers of before 2022.
  return (globalThis.navigator as Partial<Navigator> | undefined)?.locks
}
