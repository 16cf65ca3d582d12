/** Erasing: the subject on the server first, then the log on this device. */

import type { Log } from '../log/log.js'
import { forgotten } from '../log/state.js'
import { withLock } from '../platform/lock.js'
import { randomReplica } from '../platform/random.js'
import type { Transport } from '../sync/transport.js'

/** Erase the subject where there is a server, then the log, which begins as a new replica. No sync runs meanwhile.
 *
 *  @throws NoAnswer, ForeignAnswer or ServerProblem where the server could not be told; then nothing was erased. */
export async function erase(
  name: string,
  log: Log,
  transport: Transport | null,
  ending: AbortSignal,
): Promise<void> {
  await log.flush()
  const both = async () => {
    const epoch = transport === null ? null : await transport.erase()
    await log.change((state) => ({ state: forgotten(state, randomReplica(), epoch), result: undefined }), {
      strict: true,
      anySpec: true,
    })
  }
  await withLock(`${name}:sync`, both, ending)
}
