/** The wire between the two devices: the last exchanges with the shop, as arrows. */

import { element } from './dom.js'
import { bytes } from './format.js'
import { type Exchange, exchanges } from './wire.js'

const SHOWN = 5

export function watchWire(list: HTMLElement): void {
  exchanges.watch((all) => {
    const shown = all.filter(({ path }) => path.startsWith('/v1/')).slice(-SHOWN)
    list.replaceChildren(
      ...(shown.length === 0
        ? [element('li', { class: 'pulse-empty' }, 'quiet')]
        : shown.toReversed().map(pulse)),
    )
  })
}

function pulse(exchange: Exchange): HTMLElement {
  const failed = exchange.status === null || exchange.status >= 400
  return element(
    'li',
    { class: `pulse pulse-${exchange.device.toLowerCase()}${failed ? ' pulse-failed' : ''}` },
    element('span', { class: 'pulse-call' }, failed ? troubleOf(exchange) : nameOf(exchange)),
    element('span', { class: 'pulse-size' }, failed ? '' : `${bytes(exchange.sentBytes)} up`),
    element('span', { class: 'pulse-size' }, failed ? '' : `${bytes(exchange.receivedBytes)} down`),
  )
}

function troubleOf({ status }: Exchange): string {
  return status === null ? 'no answer' : `refused, ${status}`
}

function nameOf({ method, path }: Exchange): string {
  if (method === 'DELETE') return 'erase'
  return path.startsWith('/v1/diffs') ? 'diff' : 'profile'
}
