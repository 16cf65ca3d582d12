/** A page that scores as soon as it can, from the events stored on the device: sets `firstScoreMs` since navigation. */

import { openClient } from 'edgefold'

const client = await openClient({ bundle: '/bundle/', name: 'bench' })
await client.score()
Object.assign(window, { client, firstScoreMs: performance.now() })
