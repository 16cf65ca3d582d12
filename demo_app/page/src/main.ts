/** The page: the shop, a customer, two devices, and what passes between them. */

import { openBundle } from 'edgefold'
import { type Calendar, openCalendar } from './calendar.js'
import { createCustomers } from './customers.js'
import { createDeck } from './deck.js'
import type { Device } from './device.js'
import { byId, element } from './dom.js'
import { prepareErase } from './erase.js'
import { createEvaluation } from './evaluation.js'
import { day, percent, weekday } from './format.js'
import { createHand } from './hand.js'
import { createLedger } from './ledger.js'
import { keepOffline } from './offline.js'
import { DEVICES, openSession, ringsOf, type Session } from './session.js'
import { createShelf } from './shelf.js'
import { type Customer, fetchEvaluation, fetchShop, type Shop } from './shop.js'
import { type Signal, signal } from './signal.js'
import { createSwitch } from './switch.js'
import { openWire } from './wire.js'
import { watchWire } from './wireview.js'

const CHOSEN = 'edgefold-demo-customer'

async function start(): Promise<void> {
  const shop = await fetchShop()
  const bundle = await openBundle('bundles/repurchase/', { fetch: openWire('Page').fetch })
  const calendar = openCalendar(shop.opensMs)
  const session = createSwitch((customer: Customer) => openSession(customer, bundle, calendar))
  const inHand = signal(0)
  const ledger = createLedger(byId('left'), byId('stayed'))
  showCalendar(calendar, session.current)
  watchWire(byId('wire'))

  const chosen =
    shop.customers.find(({ subject }) => subject === localStorage.getItem(CHOSEN)) ?? shop.customers[0]
  if (chosen === undefined) throw new Error('the shop has no customers; run edgefold demo again.')
  const choose = (customer: Customer) => {
    localStorage.setItem(CHOSEN, customer.subject)
    byId('trouble').replaceChildren()
    guarded(session.choose(customer))
  }
  byId('customers').replaceChildren(createCustomers(shop, chosen.subject, choose))
  const hand = createHand(DEVICES, inHand)
  byId('hand').replaceChildren(hand.node)
  inHand.watch((index) => byId('decks').setAttribute('data-in-hand', DEVICES[index] ?? ''))
  byId('shelf').replaceChildren(
    createShelf((release) => void session.current.get()?.devices[inHand.get()]?.buy(release)),
  )
  prepareErase(session, inHand.get)
  turnOff(session.current)
  showCurrent(session.current, (opened) =>
    showDecks(shop, opened, calendar, () => {
      ledger.draw(opened.devices)
      for (const [index, device] of opened.devices.entries()) hand.show(index, chanceOf(device))
    }),
  )
  choose(chosen)
  keepOffline(byId('offline-ready'))
  byId('evaluation').replaceChildren(...createEvaluation(await fetchEvaluation()))
}

/** What acts on a customer's devices, or shows what they hold, is off until the chosen customer's are open. */
function turnOff(session: Signal<Session | null>): void {
  const parts = document.querySelectorAll<HTMLElement>('[data-of-customer]')
  session.watch((opened) => {
    for (const part of parts) part.inert = opened === null
    byId('decks').ariaBusy = String(opened === null)
  })
}

function showCurrent(session: Signal<Session | null>, show: (session: Session) => void): void {
  let shown: Session | null = null
  session.watch((opened) => {
    if (opened === null || opened === shown) return
    shown = opened
    show(opened)
  })
}

function showCalendar(calendar: Calendar, session: Signal<Session | null>): void {
  calendar.now.watch((nowMs) => {
    byId('date').textContent = day(nowMs)
    byId('weekday').textContent = weekday(nowMs)
  })
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-days]')) {
    button.addEventListener('click', () => {
      const devices = session.get()?.devices
      if (devices === undefined) return
      calendar.pass(Number(button.dataset.days))
      for (const device of devices) void device.rescore(`${button.dataset.name} later`)
    })
  }
}

function chanceOf(device: Device): string {
  const { score } = device.view.get()
  return score === null ? '' : percent(score.score)
}

function showDecks(shop: Shop, session: Session, calendar: Calendar, changed: () => void): void {
  const { devices, customer } = session
  const [phone, laptop] = devices
  const decks = devices.map((device) => createDeck(device, customer.subject))
  byId('deck-phone').replaceChildren(decks[0]?.node ?? '')
  byId('deck-laptop').replaceChildren(decks[1]?.node ?? '')
  const draw = () => {
    const pairs: readonly (readonly [Device, Device])[] = [
      [phone, laptop],
      [laptop, phone],
    ]
    for (const [index, [device, other]] of pairs.entries()) {
      decks[index]?.draw(
        device.view.get(),
        ringsOf(device, other, customer),
        shop.beginsMs,
        calendar.now.get(),
      )
    }
    changed()
  }
  for (const device of devices) device.view.watch(draw)
}

/** Say on the page what went wrong as it opened, and what to do about it. */
function guarded(work: Promise<void>): void {
  work.catch((error: unknown) => {
    byId('trouble').replaceChildren(
      element('strong', {}, 'The shop can’t open.'),
      element('span', {}, ` ${(error as Error).message} `),
      element('button', { class: 'button', type: 'button', onclick: () => location.reload() }, 'Try again'),
    )
  })
}

guarded(start())
