/** Covers, drawn from a few motifs on a grid of 120 units and the shop's four inks. */

import { svg } from './dom.js'
import type { Release } from './releases.js'

type Ink = 'paper' | 'ink' | 'red' | 'grey'
type Motif = (front: Ink, second: Ink) => readonly SVGElement[]

const SIDE = 120

const fill = (ink: Ink) => `cover-${ink}`
const line = (ink: Ink) => `cover-line-${ink}`

const rect = (ink: Ink, x: number, y: number, width: number, height: number) =>
  svg('rect', { class: fill(ink), x, y, width, height })
const circle = (ink: Ink, cx: number, cy: number, r: number) => svg('circle', { class: fill(ink), cx, cy, r })
const ring = (ink: Ink, cx: number, cy: number, r: number, width: number) =>
  svg('circle', { class: line(ink), cx, cy, r, 'stroke-width': width })
const shape = (ink: Ink, d: string) => svg('path', { class: fill(ink), d })
const range = (length: number) => Array.from({ length }, (_, index) => index)

const MOTIFS: readonly Motif[] = [
  (front, second) => [circle(front, 60, 66, 42), rect(second, 0, 66, SIDE, 6), rect(second, 0, 78, SIDE, 3)],
  (front) => range(7).map((i) => rect(front, 12 + i * 14, 30 + i * 11, 7, 90)),
  (front, second) => range(4).map((i) => ring(i === 1 ? second : front, 120, 120, 22 + i * 24, 11)),
  (front, second) =>
    range(20).map((i) =>
      circle(i === 13 ? second : front, 18 + (i % 5) * 21, 46 + Math.floor(i / 5) * 20, 6),
    ),
  (front, second) => [shape(front, 'M0 120 L120 30 V120 Z'), shape(second, 'M0 120 L60 75 V120 Z')],
  (front, second) => [shape(front, 'M24 120 V78 A36 36 0 0 1 96 78 V120 Z'), circle(second, 60, 78, 16)],
  (front, second) =>
    range(6).map((i) => rect(i % 3 === 2 ? second : front, 0, 36 + i * 14, SIDE - i * 17, 8)),
  (front, second) => [
    shape(front, 'M60 30 A45 45 0 0 1 60 120 Z'),
    shape(second, 'M60 30 A45 45 0 0 0 60 120 Z'),
  ],
  (front, second) => [rect(front, 12, 34, 44, 74), rect(second, 64, 34, 44, 33), circle(front, 86, 91, 17)],
  (front, second) => [
    ...range(3).map((i) => shape(front, `M${i * 40} 120 A40 40 0 0 1 ${i * 40 + 40} 80 V120 Z`)),
    circle(second, 92, 50, 15),
  ],
  (front, second) => [
    ...range(9).map((i) => shape(front, `M${i * 14 - 4} 120 l26 -84 h4 l-26 84 Z`)),
    rect(second, 0, 72, SIDE, 10),
  ],
  (front, second) =>
    range(5).map((i) => rect(i === 4 ? second : front, 14 + i * 9, 32 + i * 9, 84 - i * 18, 2.5)),
]

const SCHEMES: readonly (readonly [ground: Ink, front: Ink, second: Ink, text: Ink])[] = [
  ['red', 'ink', 'paper', 'ink'],
  ['paper', 'ink', 'red', 'ink'],
  ['ink', 'paper', 'red', 'paper'],
  ['grey', 'ink', 'paper', 'ink'],
  ['ink', 'red', 'grey', 'paper'],
  ['paper', 'red', 'ink', 'ink'],
  ['red', 'paper', 'ink', 'ink'],
]

/** Draw the cover of the release at a place of the shelf. Decorative: its title stands beside it. */
export function drawCover(release: Release, place: number): SVGElement {
  const motif = MOTIFS[(place * 5 + Math.floor(place / MOTIFS.length) * 3) % MOTIFS.length] as Motif
  const [ground, front, second, text] = SCHEMES[(place * 3) % SCHEMES.length] as (typeof SCHEMES)[number]
  return svg(
    'svg',
    { class: 'cover', viewBox: `0 0 ${SIDE} ${SIDE}`, 'aria-hidden': 'true' },
    rect(ground, 0, 0, SIDE, SIDE),
    ...motif(front, second),
    svg('text', { class: `cover-title ${fill(text)}`, x: 8, y: 14 }, release.title),
    svg('text', { class: `cover-artist ${fill(text)}`, x: 8, y: 23 }, release.artist),
  )
}
