/** After the first visit the page loads and scores without a server: its service worker keeps it. */

import { registerOffline } from 'edgefold/offline'

/** Register the worker, and say in `place` when the page no longer needs a network. */
export function keepOffline(place: HTMLElement): void {
  registerOffline('service.js')
    .then(() => {
      place.textContent = 'This page is kept on your device: it loads and scores with the server stopped.'
    })
    .catch((error: unknown) => {
      place.textContent = `This page needs its server (${(error as Error).message}).`
    })
}
