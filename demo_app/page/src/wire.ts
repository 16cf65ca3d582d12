/** The way out of a device: a `fetch` with an off switch, which writes down every byte that passes. */

import { type Signal, signal } from './signal.js'

export interface Exchange {
  readonly device: string
  readonly method: string
  readonly path: string
  /** The body's bytes, as text; what the client sends is JSON in UTF-8. */
  readonly sent: string
  readonly sentBytes: number
  readonly received: string
  readonly receivedBytes: number
  /** The HTTP status; null where no answer came. */
  readonly status: number | null
}

export interface Wire {
  readonly online: Signal<boolean>
  readonly fetch: typeof fetch
}

const MAX_EXCHANGES = 200

/** Every exchange of the page's devices, newest last. */
export const exchanges: Signal<readonly Exchange[]> = signal<readonly Exchange[]>([])

/** Open a device's way out. Switched off, it fails as a browser without a network does. */
export function openWire(device: string): Wire {
  const online = signal(true)
  return {
    online,
    async fetch(input, init) {
      const request = new Request(input, init)
      const body = new Uint8Array(await request.clone().arrayBuffer())
      const { pathname, search } = new URL(request.url)
      const asked = {
        device,
        method: request.method,
        path: pathname + search,
        sent: text(body),
        sentBytes: body.byteLength,
      }
      try {
        if (!online.get()) throw new TypeError(`${device} is offline`)
        const response = await fetch(request)
        const answer = new Uint8Array(await response.clone().arrayBuffer())
        record({
          ...asked,
          received: text(answer),
          receivedBytes: answer.byteLength,
          status: response.status,
        })
        return response
      } catch (error) {
        record({ ...asked, received: '', receivedBytes: 0, status: null })
        throw error
      }
    },
  }
}

function record(exchange: Exchange): void {
  exchanges.set([...exchanges.get(), exchange].slice(-MAX_EXCHANGES))
}

function text(body: Uint8Array): string {
  return new TextDecoder().decode(body)
}
