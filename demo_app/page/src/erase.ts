/** The question before an erasure. It names a customer and erases that one: a choice of another takes it back. */

import { byId } from './dom.js'
import type { Session } from './session.js'
import type { Customer } from './shop.js'
import type { Switch } from './switch.js'

/** Let the page's button ask. `inHand` is the device through which is erased. */
export function prepareErase(session: Switch<Customer, Session>, inHand: () => number): void {
  const [button, dialog] = [byId('erase'), byId('erase-dialog') as HTMLDialogElement]
  button.addEventListener('click', () => {
    const opened = session.current.get()
    if (opened === null) return
    byId('erase-subject').textContent = opened.customer.subject
    dialog.showModal()
  })
  session.current.watch((opened) => {
    if (opened === null) dialog.close()
  })
  // Not the dialog's `close`: that comes in a later task, when another customer may be open.
  dialog.addEventListener('submit', ({ submitter }) => {
    if ((submitter as HTMLButtonElement | null)?.value !== 'erase') return
    void session
      .change((opened) => opened.erase(inHand()))
      .then(() => {
        if (document.activeElement === document.body) button.focus() // the keyboard was lost while the button was off
      })
  })
}
