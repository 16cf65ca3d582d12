/** Which device is in hand: the one that a purchase is made on. */

import { element } from './dom.js'
import type { Signal } from './signal.js'

export function createHand(names: readonly string[], inHand: Signal<number>): HTMLElement {
  return element(
    'fieldset',
    { class: 'hand' },
    element('legend', {}, 'Buy on the'),
    ...names.map((name, index) =>
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
        element('span', {}, name),
      ),
    ),
  )
}
