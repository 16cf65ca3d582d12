/** The choice of a customer: real people of the data, by their number, each with the bar code of what they bought. */

import { drawBarcode } from './barcode.js'
import { element } from './dom.js'
import { count, money } from './format.js'
import type { Customer, Shop } from './shop.js'

export function createCustomers(
  shop: Shop,
  chosen: string,
  choose: (customer: Customer) => void,
): HTMLElement {
  return element(
    'div',
    { class: 'customers', role: 'radiogroup', 'aria-label': 'Customer' },
    ...shop.customers.map((customer) =>
      card(shop, customer, customer.subject === chosen, () => choose(customer)),
    ),
  )
}

function card(shop: Shop, customer: Customer, checked: boolean, choose: () => void): HTMLElement {
  const { orders } = customer
  const cds = orders.reduce((sum, order) => sum + order.cds, 0)
  const spent = orders.reduce((sum, order) => sum + order.amount, 0)
  const bought =
    orders.length === 0
      ? 'nothing yet'
      : `${count(orders.length, 'order')}, ${count(cds, 'CD')}, ${money(spent)}`
  return element(
    'label',
    { class: 'customer' },
    element('input', { type: 'radio', name: 'customer', value: customer.subject, checked, onchange: choose }),
    element('span', { class: 'customer-number' }, orders.length === 0 ? 'New' : customer.subject),
    element('span', { class: 'customer-story' }, customer.story),
    drawBarcode(orders, shop.beginsMs, shop.opensMs),
    element('span', { class: 'customer-bought' }, bought),
  )
}
