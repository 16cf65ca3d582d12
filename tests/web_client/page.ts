/** A page in Node: its window, its document, and what a person and a browser do to them. */

import { vi } from 'vitest'

export class Page {
  private readonly window = new EventTarget()
  private readonly sheet = Object.assign(new EventTarget(), { visibilityState: 'visible' })

  constructor() {
    vi.stubGlobal('document', this.sheet)
    vi.stubGlobal('addEventListener', this.window.addEventListener.bind(this.window))
    vi.stubGlobal('removeEventListener', this.window.removeEventListener.bind(this.window))
  }

  hide(): void {
    this.turn('hidden')
  }
  show(): void {
    this.turn('visible')
  }
  /** A navigation, as browsers tell it: first pagehide, then that it is hidden. */
  leave(): void {
    this.window.dispatchEvent(new Event('pagehide'))
    this.turn('hidden')
  }
  comeBack(): void {
    this.window.dispatchEvent(new Event('pageshow'))
    this.turn('visible')
  }
  freeze(): void {
    this.sheet.dispatchEvent(new Event('freeze'))
  }
  online(): void {
    this.window.dispatchEvent(new Event('online'))
  }
  end(): void {
    vi.unstubAllGlobals()
  }

  private turn(state: 'visible' | 'hidden'): void {
    this.sheet.visibilityState = state
    this.sheet.dispatchEvent(new Event('visibilitychange'))
  }
}
