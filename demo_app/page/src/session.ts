/** A customer at work: two devices of theirs, and what the page knows of both. */

import type { ScoringBundle } from 'edgefold'
import type { Calendar } from './calendar.js'
import { type Device, openDevice } from './device.js'
import type { Ring } from './disc.js'
import type { Customer } from './shop.js'

export const DEVICES = ['Phone', 'Laptop'] as const

export interface Session {
  readonly customer: Customer
  readonly devices: readonly [Device, Device]
  /** Erase through one device; the other learns of it from the shop. */
  readonly erase: (index: number) => Promise<void>
  readonly close: () => Promise<void>
}

export async function openSession(
  customer: Customer,
  bundle: ScoringBundle,
  calendar: Calendar,
): Promise<Session> {
  const [phone, laptop] = await allOpen(DEVICES.map((name) => openDevice(name, bundle, customer, calendar)))
  tellOther(phone, laptop)
  tellOther(laptop, phone)
  return {
    customer,
    devices: [phone, laptop],
    async erase(index) {
      await [phone, laptop][index]?.erase()
      await syncIfOnline(index === 0 ? laptop : phone)
    },
    async close() {
      await Promise.all([phone.close(), laptop.close()])
    },
  }
}

/** Both devices, or none: where one can't be opened, the other is closed again. */
async function allOpen(opening: readonly Promise<Device>[]): Promise<readonly [Device, Device]> {
  const outcomes = await Promise.allSettled(opening)
  const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
  const failed = outcomes.find((outcome) => outcome.status === 'rejected')
  if (failed === undefined) return opened as unknown as readonly [Device, Device]
  await Promise.all(opened.map((device) => device.close()))
  throw failed.reason
}

/** A client asks for news now and then; here, at once: the page does what a push message would. */
function tellOther(device: Device, other: Device): void {
  let { acknowledged } = device.view.get().counters
  device.view.watch(({ counters }) => {
    const more = counters.acknowledged > acknowledged
    acknowledged = counters.acknowledged
    if (more) void syncIfOnline(other)
  })
  let before = device.wire.online.get() // at the opening, the client syncs by itself
  device.wire.online.watch((online) => {
    if (online && !before) void device.sync()
    before = online
  })
}

async function syncIfOnline(device: Device): Promise<void> {
  if (device.wire.online.get()) await device.sync()
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
    ...elsewhere.map(({ time, data }) => ({ time, cds: data.cds, kind: 'other' as const })),
    ...kept.map(({ time, data }, index) => ({
      time,
      cds: data.cds,
      kind: index >= kept.length - counters.pending ? ('pending' as const) : ('kept' as const),
    })),
  ]
}
