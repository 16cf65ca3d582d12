/** Erasing: the subject on the server first, then the log on this device. */

import { dropJournals, journalStorage } from '../log/journal.js'
import type { Log } from '../log/log.js'
import { forgotten } from '../log/state.js'
import { removeLog } from '../log/store/localstorage.js'
import { withLock } from '../platform/lock.js'
import { randomReplica } from '../platform/random.js'
import type { Transport } from '../sync/transport.js'

/** Erase the subject where there is a server, then the log (its store is of the kind `store`) and what waits beside it, which begins as a new replica. No sync runs meanwhile.
 *
 *  @throws NoAnswer, ForeignAnswer or ServerProblem where the server could not be told; then nothing was erased. */
export async function erase(
  name: string,
  log: Log,
  store: string,
  transport: Transport | null,
  ending: AbortSignal,
): Promise<void> {
  await log.flush()
  const both = async () => {
    const epoch = transport === null ? null : await transport.erase()
    // What a page that left, or a lesser store, still holds would else come back at the next opening.
    dropJournals(name, journalStorage())
    if (store !== 'localstorage') removeLog(name)
    await log.change((state) => ({ state: forgotten(state, randomReplica(), epoch), result: undefined }), {
      strict: true,
      anySpec: true,
    })
  }
  await withLock(`${name}:sync`, both, ending)
}
