/** The client's calls as a page makes them: refused after close(), and never an unhandled rejection of the page. */

import { asError, ClientClosed } from '../log/errors.js'

/** Return how a call is guarded. What it rejects with is the caller's, and told to the listeners of 'error' too: most pages await no
 *  `track`. It begins in the same task. */
export function createCalls(isClosed: () => boolean, report: (error: Error) => void) {
  return function guarded<Arguments extends unknown[], Result>(
    call: string,
    run: (...given: Arguments) => Promise<Result>,
  ): (...given: Arguments) => Promise<Result> {
    return (...given) => {
      const result = new Promise<Result>((resolve) => {
        if (isClosed()) throw new ClientClosed(call)
        resolve(run(...given))
      })
      result.catch((error: unknown) => report(asError(error)))
      return result
    }
  }
}
