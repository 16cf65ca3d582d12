/** The shelf. Each release is a button that buys it on the device in hand. */

import { drawCover } from './cover.js'
import { element } from './dom.js'
import { count, money } from './format.js'
import { RELEASES, type Release } from './releases.js'

export function createShelf(buy: (release: Release) => void): HTMLElement {
  return element('ul', { class: 'shelf' }, ...RELEASES.map((release, place) => item(release, place, buy)))
}

function item(release: Release, place: number, buy: (release: Release) => void): HTMLElement {
  const button = element(
    'button',
    {
      class: 'release',
      type: 'button',
      onclick: () => {
        button.classList.remove('release-bought')
        void button.offsetWidth // restart the animation
        button.classList.add('release-bought')
        buy(release)
      },
    },
    drawCover(release, place),
    element('span', { class: 'release-title' }, release.title),
    element('span', { class: 'release-artist' }, release.artist),
    element(
      'span',
      { class: 'release-terms' },
      element('span', {}, money(release.price)),
      element('span', {}, count(release.cds, 'CD')),
    ),
  )
  button.setAttribute(
    'aria-label',
    `Buy ${release.title} by ${release.artist}, ${count(release.cds, 'CD')}, ${money(release.price)}`,
  )
  return element('li', {}, button)
}
