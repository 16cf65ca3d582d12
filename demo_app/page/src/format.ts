/** Numbers and dates as the page writes them. */

export const DAY_MS = 86_400_000

const dates = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
})
const weekdays = new Intl.DateTimeFormat('en-GB', { weekday: 'long', timeZone: 'UTC' })
const whole = new Intl.NumberFormat('en-GB')

export function day(timeMs: number): string {
  return dates.format(timeMs)
}

export function weekday(timeMs: number): string {
  return weekdays.format(timeMs)
}

export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${whole.format(number)} ${number === 1 ? noun : plural}`
}

export function money(dollars: number): string {
  return `$${dollars.toFixed(2)}`
}

export function percent(chance: number): string {
  return `${(chance * 100).toFixed(1)}%`
}

export function bytes(size: number): string {
  return `${whole.format(size)} B`
}

/** A feature's value to two places, whole ones plainly, a missing one as a dash. */
export function value(feature: number | string | null | undefined): string {
  if (feature === null || feature === undefined || Number.isNaN(feature)) return '–'
  if (typeof feature === 'string') return feature
  const rounded = Math.round(feature * 100) / 100
  return Number.isInteger(rounded) ? whole.format(rounded) : rounded.toFixed(2)
}
