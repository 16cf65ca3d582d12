/** The page: the shop, a customer, two devices, and what passes between them. */

import { openBundle } from 'edgefold'
import { type Calendar, openCalendar } from './calendar.js'
import { createCustomers } from './customers.js'
import { createDeck } from './deck.js'
import type { Device } from './device.js'
import { byId, element } from './dom.js'
import { createEvaluation } from './evaluation.js'
import { day, percent, weekday } from './format.js'
import { createHand } from './hand.js'
import { createLedger } from './ledger.js'
import { keepOffline } from './offline.js'
import { DEVICES, openSession, ringsOf, type Session } from './session.js'
import { createShelf } from './shelf.js'
import { type Customer, fetchEvaluation, fetchShop, type Shop } from './shop.js'
import { signal } from './signal.js'
import { openWire } from './wire.js'
import { watchWire } from './wireview.js'

const CHOSEN = 'edgefold-demo-customer'

async function start(): Promise<void> {
  const shop = await fetchShop()
  const bundle = await openBundle('bundles/repurchase/', { fetch: openWire('Page').fetch })
  const calendar = openCalendar(shop.opensMs)
  const session = signal<Session | null>(null)
  const inHand = signal(0)
  const ledger = createLedger(byId('left'), byId('stayed'))
  showCalendar(calendar, session.get)
  watchWire(byId('wire'))

  const chosen =
    shop.customers.find(({ subject }) => subject === localStorage.getItem(CHOSEN)) ?? shop.customers[0]
  if (chosen === undefined) throw new Error('the shop has no customers; run edgefold demo again.')
  const choose = async (customer: Customer) => {
    localStorage.setItem(CHOSEN, customer.subject)
    await session.get()?.close()
    session.set(null)
    const opened = await openSession(customer, bundle, calendar)
    session.set(opened)
    showDecks(shop, opened, calendar, () => {
      ledger.draw(opened.devices)
      for (const [index, device] of opened.devices.entries()) hand.show(index, chanceOf(device))
    })
  }
  byId('customers').replaceChildren(
    createCustomers(shop, chosen.subject, (customer) => guarded(choose(customer))),
  )
  const hand = createHand(DEVICES, inHand)
  byId('hand').replaceChildren(hand.node)
  inHand.watch((index) => byId('decks').setAttribute('data-in-hand', DEVICES[index] ?? ''))
  byId('shelf').replaceChildren(
    createShelf((release) => {
      const device = session.get()?.devices[inHand.get()]
      void device?.buy(release)
    }),
  )
  prepareErase(
    () => session.get()?.customer.subject ?? '',
    () => void session.get()?.erase(inHand.get()),
  )
  await choose(chosen)
  keepOffline(byId('offline-ready'))
  byId('evaluation').replaceChildren(...createEvaluation(await fetchEvaluation()))
}

function showCalendar(calendar: Calendar, session: () => Session | null): void {
  calendar.now.watch((nowMs) => {
    byId('date').textContent = day(nowMs)
    byId('weekday').textContent = weekday(nowMs)
  })
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-days]')) {
    button.addEventListener('click', () => {
      calendar.pass(Number(button.dataset.days))
      for (const device of session()?.devices ?? []) void device.rescore(`${button.dataset.name} later`)
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
  const decks = devices.map((device) => createDeck(device))
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

function prepareErase(subject: () => string, erase: () => void): void {
  const dialog = byId('erase-dialog') as HTMLDialogElement
  byId('erase').addEventListener('click', () => {
    byId('erase-subject').textContent = subject()
    dialog.showModal()
  })
  dialog.addEventListener('close', () => {
    if (dialog.returnValue === 'erase') erase()
  })
}

/** Say on the page what went wrong at the start, and what to do about it. */
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
