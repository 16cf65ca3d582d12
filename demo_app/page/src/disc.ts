/** A customer as a record: a ring a purchase, from the label (the first day) to the rim (now); around it, the chance. */

import { svg } from './dom.js'
import { day, percent } from './format.js'

export interface Ring {
  readonly time: number
  readonly cds: number
  /** archive: before this page. kept: an event on this device. pending: one not yet acknowledged. other: on another device. */
  readonly kind: 'archive' | 'kept' | 'pending' | 'other'
}

export interface Pressing {
  readonly rings: readonly Ring[]
  readonly beginsMs: number
  readonly nowMs: number
  readonly chance: number | null
  readonly before: number | null
}

export interface Disc {
  readonly node: SVGElement
  readonly draw: (pressing: Pressing) => void
}

const CENTRE = 200
const RIM = 191
const EDGE = 174
const GROOVE = 96
const LABEL = 88

export function createDisc(): Disc {
  const rings = svg('g', { class: 'disc-rings' })
  const gauge = circle('disc-gauge', RIM, { pathLength: 100 })
  const ghost = svg('path', { class: 'disc-ghost', d: `M${CENTRE} ${CENTRE - RIM - 7} V${CENTRE - RIM + 7}` })
  const number = svg('text', { class: 'disc-number', x: CENTRE, y: CENTRE + 18 })
  const old = svg('text', { class: 'disc-old', x: CENTRE, y: CENTRE + 48 })
  const title = svg('title')
  const node = svg(
    'svg',
    { class: 'disc', viewBox: '0 0 400 400', role: 'img' },
    title,
    circle('disc-track', RIM),
    circle('disc-vinyl', EDGE + 6),
    ...Array.from({ length: 9 }, (_, i) => circle('disc-sheen', GROOVE + (i * (EDGE - GROOVE)) / 8)),
    rings,
    svg('g', { transform: `rotate(-90 ${CENTRE} ${CENTRE})` }, gauge),
    ghost,
    circle('disc-label', LABEL),
    number,
    old,
  )
  return {
    node,
    draw(pressing) {
      drawRings(rings, pressing)
      const { chance, before } = pressing
      gauge.style.strokeDasharray = `${(chance ?? 0) * 100} 100`
      ghost.style.opacity = before === null ? '0' : '1'
      ghost.style.rotate = `${(before ?? 0) * 360}deg`
      number.textContent = chance === null ? '···' : percent(chance)
      old.textContent = before === null ? '' : `was ${percent(before)}`
      title.textContent = describe(pressing)
    },
  }
}

/** Rings keep their element while time passes, so that they are seen to recede from the rim. */
function drawRings(group: SVGElement, { rings, beginsMs, nowMs }: Pressing): void {
  while (group.childElementCount > rings.length) group.lastElementChild?.remove()
  while (group.childElementCount < rings.length) group.append(circle('', EDGE))
  for (const [index, ring] of rings.entries()) {
    const drawn = group.children[index] as SVGCircleElement
    const radius = GROOVE + ((ring.time - beginsMs) / (nowMs - beginsMs)) * (EDGE - GROOVE)
    drawn.setAttribute('class', `ring ring-${ring.kind}`)
    drawn.style.setProperty('r', `${radius}px`)
    drawn.style.strokeWidth = `${(ring.kind === 'pending' ? 1.6 : 0.7) + 0.28 * Math.min(ring.cds, 9)}px`
  }
}

function describe({ rings, chance, nowMs }: Pressing): string {
  const last = rings.reduce((latest, ring) => Math.max(latest, ring.time), 0)
  const bought = rings.length === 0 ? 'No purchases.' : `${rings.length} purchases, the last on ${day(last)}.`
  return `${bought} ${chance === null ? '' : `Chance of buying again within 60 days of ${day(nowMs)}: ${percent(chance)}.`}`
}

function circle(kind: string, r: number, more: { [name: string]: number } = {}): SVGCircleElement {
  return svg('circle', { class: kind, cx: CENTRE, cy: CENTRE, r, ...more })
}
