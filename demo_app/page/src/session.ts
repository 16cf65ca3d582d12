/** A customer at work: two devices of theirs, and what the page knows of both. */

import type { Calendar } from './calendar.js'
import { type Device, openDevice } from './device.js'
import type { Ring } from './disc.js'
import type { Release } from './releases.js'
import type { Customer } from './shop.js'

export const DEVICES = ['Phone', 'Laptop'] as const

export interface Session {
  readonly customer: Customer
  readonly devices: readonly [Device, Device]
  readonly buy: (device: Device, release: Release) => Promise<void>
  readonly syncOnline: () => Promise<void>
  readonly close: () => Promise<void>
}

export async function openSession(customer: Customer, calendar: Calendar): Promise<Session> {
  const [phone, laptop] = (await Promise.all(
    DEVICES.map((name) => openDevice(name, customer, calendar)),
  )) as [Device, Device]
  const devices = [phone, laptop] as const

  /** The one that bought first, so that the other hears of it in the same round. */
  async function syncOnline(first: Device = phone): Promise<void> {
    for (const device of devices.toSorted((a) => (a === first ? -1 : 1))) {
      if (device.wire.online.get()) await device.sync()
    }
  }
  return {
    customer,
    devices: [phone, laptop],
    async buy(device, release) {
      await device.buy(release)
      if (device.wire.online.get()) await syncOnline(device)
    },
    syncOnline,
    async close() {
      await Promise.all(devices.map((device) => device.close()))
    },
  }
}

/** The purchases that a device's profile counts. Those of the other device reach it only as sums; the page draws them
 *  where it knows that they belong. */
export function ringsOf(device: Device, other: Device, customer: Customer): readonly Ring[] {
  const { kept, counters, score } = device.view.get()
  const counted = Number(score?.features.orders ?? 0)
  const beforePage = counted >= customer.orders.length + kept.length ? customer.orders : []
  const elsewhere = other.view.get().kept.slice(0, Math.max(0, counted - beforePage.length - kept.length))
  return [
    ...beforePage.map(({ time, cds }) => ({ time, cds, kind: 'archive' as const })),
    ...elsewhere.map(({ time, cds }) => ({ time, cds, kind: 'other' as const })),
    ...kept.map(({ time, cds }, index) => ({
      time,
      cds,
      kind: index >= kept.length - counters.pending ? ('pending' as const) : ('kept' as const),
    })),
  ]
}
