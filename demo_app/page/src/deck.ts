/** A device as a deck of the page: the disc, the profile as a list of tracks, the counters and the switches. */

import type { Device, View } from './device.js'
import { createDisc, type Ring } from './disc.js'
import { element } from './dom.js'
import { value } from './format.js'

export interface Deck {
  readonly node: HTMLElement
  /** Draw the disc of what the device knows; `rings` come from the page, which remembers both devices. */
  readonly draw: (view: View, rings: readonly Ring[], beginsMs: number, nowMs: number) => void
}

export function createDeck(device: Device, subject: string): Deck {
  const disc = createDisc()
  const tracks = element('tbody')
  const cause = element('span', { class: 'deck-cause', 'aria-live': 'polite' })
  const words = element(
    'p',
    { class: 'deck-words' },
    element('strong', {}, 'Chance of buying again within 60 days'),
    cause,
  )
  const counters = element('dl', { class: 'counters' })
  const time = element('p', { class: 'deck-time' })
  const trouble = element('p', { class: 'deck-trouble', role: 'alert' })
  const heading = element('h3', { class: 'deck-name' }, device.name)
  const node = element(
    'article',
    { class: 'deck', 'data-device': device.name, 'data-subject': subject },
    element('header', { class: 'deck-head' }, heading, onlineSwitch(device), syncButton(device)),
    element(
      'div',
      { class: 'deck-body' },
      element('div', { class: 'deck-disc' }, disc.node, words),
      element(
        'table',
        { class: 'tracks' },
        element('caption', { class: 'hidden' }, `Features on the ${device.name}`),
        element('thead', { class: 'hidden' }, row('th', ['feature', 'before', 'now'])),
        tracks,
      ),
    ),
    trouble,
    element('footer', { class: 'deck-foot' }, counters, time),
  )
  let drawn = '' // drawing the same list again would restart its highlights
  return {
    node,
    draw(view, rings, beginsMs, nowMs) {
      const chance = view.score?.score ?? null
      disc.draw({ rings, beginsMs, nowMs, chance, before: moved(view) ? (view.before?.score ?? null) : null })
      const row = JSON.stringify([view.score?.features, view.before?.features])
      if (row !== drawn) tracks.replaceChildren(...trackRows(view))
      drawn = row
      cause.textContent = view.cause
      trouble.textContent = view.trouble ?? ''
      counters.replaceChildren(...counterParts(view))
      time.textContent = timeOf(view)
    },
  }
}

function timeOf({ trackToScoreMs, trackToDiskMs }: View): string {
  if (trackToScoreMs === null) return ''
  const disk = trackToDiskMs === null ? '' : `, to disk ${trackToDiskMs.toFixed(1)} ms`
  return `track to score ${trackToScoreMs.toFixed(1)} ms${disk}`
}

function moved({ score, before }: View): boolean {
  return score !== null && before !== null && score.score !== before.score
}

function trackRows({ score, before }: View): HTMLElement[] {
  if (score === null)
    return Array.from({ length: 18 }, () =>
      element('tr', { class: 'track-empty' }, element('td', { colspan: 3 })),
    )
  return Object.entries(score.features).map(([name, now]) => {
    const shown = value(now)
    const was = before === null ? shown : value(before.features[name])
    const cells = row('td', [name, was === shown ? '' : was, shown])
    if (was !== shown) cells.className = 'track-changed'
    return cells
  })
}

function row(tag: 'td' | 'th', texts: readonly string[]): HTMLTableRowElement {
  return element(
    'tr',
    {},
    ...texts.map((text, column) =>
      element(tag, tag === 'th' ? { scope: 'col' } : { class: `track-${column}` }, text),
    ),
  )
}

function counterParts({ counters }: View): HTMLElement[] {
  const part = (sign: string, number: number, name: keyof View['counters']) =>
    element(
      'div',
      { class: `counter counter-${name}`, 'data-sign': sign, 'data-zero': number === 0 },
      element('dt', {}, name),
      element('dd', {}, String(number)),
    )
  return [
    part('', counters.tracked, 'tracked'),
    part('=', counters.acknowledged, 'acknowledged'),
    part('+', counters.pending, 'pending'),
    part('+', counters.rejected, 'rejected'),
  ]
}

function onlineSwitch(device: Device): HTMLElement {
  const button = element('button', {
    class: 'switch',
    type: 'button',
    role: 'switch',
    onclick: () => device.wire.online.set(!device.wire.online.get()),
  })
  button.append(
    element('span', { class: 'switch-track', 'aria-hidden': 'true' }),
    element('span', {}, 'Online'),
  )
  button.setAttribute('aria-label', `${device.name} online`)
  device.wire.online.watch((online) => button.setAttribute('aria-checked', String(online)))
  return button
}

function syncButton(device: Device): HTMLElement {
  const button = element(
    'button',
    { class: 'button', type: 'button', onclick: () => void device.sync() },
    'Sync',
  )
  button.setAttribute('aria-label', `Sync the ${device.name}`)
  device.wire.online.watch((online) => {
    button.disabled = !online
  })
  return button
}
