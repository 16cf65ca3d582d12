/** Which device is in hand: the one that a purchase is made on. Beside its name, the chance that it foretells. */

import { element } from './dom.js'
import type { Signal } from './signal.js'

export interface Hand {
  readonly node: HTMLElement
  readonly show: (index: number, chance: string) => void
}

export function createHand(names: readonly string[], inHand: Signal<number>): Hand {
  const chances = names.map(() => element('span', { class: 'hand-chance' }))
  const choices = names.map((name, index) =>
    element(
      'label',
      { class: 'hand-choice' },
      element('input', {
        type: 'radio',
        name: 'hand',
        value: name,
        checked: index === inHand.get(),
        onchange: () => inHand.set(index),
      }),
      element('span', { class: 'hand-face' }, name, chances[index] as HTMLElement),
    ),
  )
  return {
    node: element('fieldset', { class: 'hand' }, element('legend', {}, 'Buy on the'), ...choices),
    show(index, chance) {
      chances[index]?.replaceChildren(chance)
    },
  }
}
