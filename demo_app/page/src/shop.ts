/** What the shop's server tells the page: its customers, tokens, and how the model was measured. */

export interface Order {
  readonly time: number
  readonly cds: number
  readonly amount: number
}

/** A real customer of CDNOW and all they bought, by the number that the data give them; or a newcomer, with nothing. */
export interface Customer {
  readonly subject: string
  readonly story: string
  readonly orders: readonly Order[]
}

export interface Shop {
  /** The day after the purchases end. */
  readonly opensMs: number
  /** The first day of the purchases. */
  readonly beginsMs: number
  readonly customers: readonly Customer[]
}

export interface Metrics {
  readonly name: string
  readonly auc: number
  readonly log_loss: number
  readonly brier: number
  readonly calibration_error: number
}

/** The figures of the evaluation, as `edgefold demo` measured them. */
export interface Evaluation {
  readonly metrics: readonly Metrics[]
  readonly training_rows: number
  readonly evaluation_rows: number
  readonly training_cuts: readonly string[]
  readonly evaluation_cuts: readonly string[]
  readonly verdict: string
}

export const fetchShop = (): Promise<Shop> => json<Shop>('demo/customers', fetch)

export const fetchEvaluation = (): Promise<Evaluation> => json<Evaluation>('demo/evaluation', fetch)

/** Sign a customer in. `through` is the device's own way out, which may be switched off. */
export async function fetchToken(subject: string, through: typeof fetch): Promise<string> {
  const { token } = await json<{ token: string }>(
    `demo/token?subject=${encodeURIComponent(subject)}`,
    through,
  )
  return token
}

async function json<T>(path: string, through: typeof fetch): Promise<T> {
  const response = await through(path)
  if (!response.ok)
    throw new Error(`${path} answered ${response.status}; is the demo's server of this version?`)
  return (await response.json()) as T
}
