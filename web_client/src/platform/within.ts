/** No await without an end: what the page or the platform runs for us may never answer. */

import { unref } from './timers.js'

/** Resolve as `work` does, but reject once `limitMs` has passed or `ending` is aborted; what it comes to after that is dropped.
 *
 *  @throws TimeoutError it took over `limitMs`.
 *  @throws the reason of `ending`. */
export function within<Result>(
  work: () => Result | PromiseLike<Result>,
  limitMs: number,
  ending?: AbortSignal,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    if (ending?.aborted) {
      reject(ending.reason)
      return
    }
    const end = () => settle(() => reject(ending?.reason))
    const timer = setTimeout(
      () => settle(() => reject(new DOMException(`it took over ${limitMs} ms`, 'TimeoutError'))),
      limitMs,
    )
    unref(timer)
    ending?.addEventListener('abort', end)

    function settle(how: () => void): void {
      clearTimeout(timer)
      ending?.removeEventListener('abort', end)
      how()
    }

    // What it throws at once is a rejection like any other.
    new Promise<Result>((begin) => begin(work())).then(
      (result) => settle(() => resolve(result)),
      (error: unknown) => settle(() => reject(error)),
    )
  })
}
