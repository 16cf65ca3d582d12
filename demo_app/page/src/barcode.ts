/** A customer's purchases over time as a bar code: a bar a purchase, as wide as it had CDs. */

import { svg } from './dom.js'
import type { Order } from './shop.js'

const WIDTH = 240
const HEIGHT = 36

export function drawBarcode(orders: readonly Order[], beginsMs: number, endsMs: number): SVGElement {
  const x = (time: number) => ((time - beginsMs) / (endsMs - beginsMs)) * (WIDTH - 8)
  const bars = orders.map((order) =>
    svg('rect', {
      x: x(order.time).toFixed(1),
      y: 0,
      width: 1 + 0.7 * Math.min(order.cds, 9),
      height: HEIGHT,
    }),
  )
  return svg(
    'svg',
    {
      class: 'barcode',
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: 'none',
      'aria-hidden': 'true',
    },
    ...bars,
  )
}
