/** What left the devices, byte for byte, beside what stayed on them. */

import type { Device, Kept } from './device.js'
import { element } from './dom.js'
import { bytes, count, day, money } from './format.js'
import { type Exchange, exchanges } from './wire.js'

export interface Ledger {
  readonly draw: (devices: readonly Device[]) => void
}

export function createLedger(left: HTMLElement, stayed: HTMLElement): Ledger {
  let raw = false
  const leftSum = element('p', { class: 'ledger-sum' })
  const list = element('ol', { class: 'exchanges' })
  const toggle = element('button', {
    class: 'switch',
    type: 'button',
    role: 'switch',
    'aria-checked': 'false',
  })
  toggle.append(
    element('span', { class: 'switch-track', 'aria-hidden': 'true' }),
    element('span', {}, 'Raw bytes'),
  )
  toggle.addEventListener('click', () => {
    raw = !raw
    toggle.setAttribute('aria-checked', String(raw))
    list.replaceChildren(
      ...exchanges
        .get()
        .toReversed()
        .map((exchange) => exchangeItem(exchange, raw)),
    )
  })
  left.append(leftSum, toggle, list)

  let drawn = 0
  exchanges.watch((all) => {
    if (all.length === 0)
      list.replaceChildren(element('li', { class: 'ledger-empty' }, 'Nothing has left yet.'))
    else if (drawn === 0) list.replaceChildren()
    for (const exchange of all.slice(drawn - all.length || all.length))
      list.prepend(exchangeItem(exchange, raw))
    drawn = all.length
    const sum = all.reduce(
      (total, exchange) => total + (exchange.status === null ? 0 : exchange.sentBytes),
      0,
    )
    leftSum.replaceChildren(
      element('strong', {}, bytes(sum)),
      ` in ${count(all.length, 'request')}, nothing but sums and random ids`,
    )
  })
  return {
    draw(devices) {
      const total = devices.reduce((sum, device) => sum + device.view.get().kept.length, 0)
      stayed.replaceChildren(
        element(
          'p',
          { class: 'ledger-sum' },
          element('strong', {}, count(total, 'event')),
          ' on the devices, none of them sent',
        ),
        ...devices.map(keptTable),
      )
    },
  }
}

function exchangeItem(exchange: Exchange, raw: boolean): HTMLElement {
  const outcome =
    exchange.status === null ? 'no answer' : `${exchange.status} ${outcomeOf(exchange.received)}`
  return element(
    'li',
    { class: exchange.status === null ? 'exchange exchange-failed' : 'exchange' },
    element(
      'details',
      {},
      element(
        'summary',
        {},
        element('span', { class: 'exchange-device' }, exchange.device),
        element('span', { class: 'exchange-call' }, `${exchange.method} ${exchange.path.split('?')[0]}`),
        element('span', { class: 'exchange-outcome' }, outcome),
        element(
          'span',
          { class: 'exchange-size' },
          exchange.status === null ? '0 B' : bytes(exchange.sentBytes),
        ),
      ),
      element('h4', {}, `Left: ${exchange.method} ${exchange.path}`),
      element('pre', { tabindex: 0 }, exchange.sent === '' ? 'no body' : shown(exchange.sent, raw)),
      element('h4', {}, `Came back: ${bytes(exchange.receivedBytes)}`),
      element('pre', { tabindex: 0 }, exchange.received === '' ? 'nothing' : shown(exchange.received, raw)),
    ),
  )
}

function outcomeOf(received: string): string {
  const answer = parsed(received)
  const { outcome, name } = (typeof answer === 'object' && answer !== null ? answer : {}) as {
    outcome?: string
    name?: string
  }
  return outcome ?? name ?? ''
}

function shown(body: string, raw: boolean): string {
  const value = raw ? undefined : parsed(body)
  return value === undefined ? body : JSON.stringify(value, null, 2)
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined // not JSON: shown as it is
  }
}

function keptTable(device: Device): HTMLElement {
  const { kept } = device.view.get()
  const rows = kept.toReversed().map((event) => keptRow(event))
  return element(
    'table',
    { class: 'kept' },
    element('caption', {}, device.name),
    element(
      'thead',
      {},
      element(
        'tr',
        {},
        ...['seq', 'day', 'record', 'CDs', 'amount'].map((name) => element('th', { scope: 'col' }, name)),
      ),
    ),
    element(
      'tbody',
      {},
      ...(rows.length > 0
        ? rows
        : [element('tr', {}, element('td', { colspan: 5, class: 'ledger-empty' }, 'No events yet.'))]),
    ),
  )
}

function keptRow(event: Kept): HTMLElement {
  const { record, cds, amount } = event.data
  const cells = [String(event.seq), day(event.time), record, String(cds), money(amount)]
  return element('tr', {}, ...cells.map((text) => element('td', {}, text)))
}
