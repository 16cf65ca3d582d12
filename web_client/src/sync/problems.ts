/** Which answers are the server's own word (RFC 9457): those that name a problem of PROTOCOL.md. */

import { isObject } from '../reducer/canonical.js'

/** Each problem's name, and the one status that it comes with. */
export const PROBLEMS: Readonly<Record<string, number>> = {
  InvalidRequest: 400,
  InvalidToken: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  SpecMismatch: 409,
  SubjectMismatch: 409,
  DiffRefused: 409,
  BundleExpired: 409,
  SubjectErased: 410,
  BodyTooLarge: 413,
  UnsupportedEncoding: 415,
  InvalidProfile: 422,
  ClockAhead: 422,
  TooManyReplicas: 429,
  TooManyRequests: 429,
  InternalError: 500,
  Unavailable: 503,
}

/** What a server says of its refusal. */
export interface ProblemDetails {
  readonly name: string
  readonly detail: string
  /** The members, as they came. */
  readonly values: Readonly<Record<string, unknown>>
}

/** Return the problem that an answer's text tells, null where it is none of this protocol: a proxy's page, another API's JSON. */
export function parseProblem(status: number, text: string): ProblemDetails | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isObject(value) || typeof value.name !== 'string' || !Object.hasOwn(PROBLEMS, value.name)) return null
  if (PROBLEMS[value.name] !== status) return null
  const detail = typeof value.detail === 'string' ? value.detail : 'it did not say why.'
  return { name: value.name, detail, values: value }
}
