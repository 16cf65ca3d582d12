/** Whether what another tab says is a head: its message is taken like any untrusted input. */

import { isObject, isSafeInteger } from '../reducer/canonical.js'
import { freshState } from './state.js'
import type { Head } from './store/store.js'

const MODEL: Head = freshState(null, '').head
const NULLABLE: readonly (keyof Head)[] = ['subject', 'epoch', 'belowMs', 'syncedMs']

/** Whether a value has every member of a head, each of its kind. */
export function isHead(value: unknown): value is Head {
  if (!isObject(value) || value.format !== MODEL.format) return false
  return (Object.keys(MODEL) as (keyof Head)[]).every((name) => {
    const given = value[name]
    if (given === null) return NULLABLE.includes(name)
    if (name === 'journals') return isObject(given) && Object.values(given).every(isSafeInteger)
    const kind = name === 'subject' ? 'string' : NULLABLE.includes(name) ? 'number' : typeof MODEL[name]
    return typeof given === kind && (kind !== 'number' || isSafeInteger(given))
  })
}
