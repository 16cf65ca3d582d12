/** What goes wrong in the reducer: one root, the values as properties, the same names in every language. */

/** The root of every error that the reducer throws on purpose. */
export class ReducerError extends Error {
  override readonly name: string = 'ReducerError'
}

/** A spec, or a part of one, that no implementation could fold alike. */
export class InvalidSpec extends ReducerError {
  override readonly name = 'InvalidSpec'

  constructor(
    readonly where: string,
    readonly value: unknown,
    readonly expected: string,
  ) {
    super(`${where} is ${shown(value)}; expected ${expected}.`)
  }
}

/** An event that the spec refuses; nothing of it was folded. */
export class InvalidEvent extends ReducerError {
  override readonly name = 'InvalidEvent'

  constructor(
    readonly event: string | null,
    readonly field: string | null,
    readonly value: unknown,
    readonly expected: string,
  ) {
    const place = [event, field].filter(Boolean).join('.') || 'the event'
    super(`${place} is ${shown(value)}; expected ${expected}. Correct it, or declare it in the spec.`)
  }
}

/** A replica name that could not be compared alike everywhere. */
export class InvalidReplica extends ReducerError {
  override readonly name = 'InvalidReplica'
  readonly expected = 'up to 64 of A-Z, a-z, 0-9, _ and -'

  constructor(readonly value: unknown) {
    super(`the replica is ${shown(value)}; expected up to 64 of A-Z, a-z, 0-9, _ and -.`)
  }
}

/** An attribute that the spec does not declare, or with a value that it refuses. */
export class InvalidAttribute extends ReducerError {
  override readonly name = 'InvalidAttribute'

  constructor(
    readonly attribute: string,
    readonly value: unknown,
    readonly expected: string,
  ) {
    super(`attribute ${attribute} is ${shown(value)}; expected ${expected}.`)
  }
}

/** Text or JSON that no fold by this spec can have produced. */
export class InvalidProfile extends ReducerError {
  override readonly name = 'InvalidProfile'

  constructor(
    readonly where: string,
    readonly value: unknown,
    readonly expected: string,
  ) {
    super(`${where} of the profile is ${shown(value)}; expected ${expected}. Fold its events again.`)
  }
}

/** A profile of one spec given to another. */
export class SpecMismatch extends ReducerError {
  override readonly name = 'SpecMismatch'

  constructor(
    readonly given: string,
    readonly expected: string,
  ) {
    super(
      `the profile was folded by spec ${given.slice(0, 12)}…, expected ${expected.slice(0, 12)}…; ` +
        'fold its events again by the expected spec.',
    )
  }
}

/** A read-out at a time that some folded event has not passed. */
export class ReadOutTooEarly extends ReducerError {
  override readonly name = 'ReadOutTooEarly'

  constructor(
    readonly nowMs: unknown,
    readonly lastMs: number | null,
  ) {
    const expected = lastMs === null ? 'of 0 .. 2^53 - 1' : `over ${lastMs}, its last event's time`
    super(`nowMs is ${shown(nowMs)}; expected an integer ${expected}, since only earlier events count.`)
  }
}

/** A value as it would be written in source, short enough for one line of a message. */
export function shown(value: unknown): string {
  const text = written(value)
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`
}

function written(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' || typeof value === 'string') {
    try {
      return JSON.stringify(value) ?? String(value)
    } catch {
      return Object.prototype.toString.call(value)
    }
  }
  // NaN, Infinity and -0 have no JSON
  return Object.is(value, -0) ? '-0' : String(value)
}
