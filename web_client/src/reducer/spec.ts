/** The reducer spec: which events there are, and which features they fold into. */

import { canonicalJson, isObject, parseJson } from './canonical.js'
import { InvalidAttribute, InvalidSpec } from './errors.js'
import { acceptor, checkName, expectedOf, type Field, isText, parseFields, type Value } from './field.js'
import { type AggregateNode, aggregatesOf, type Default, type Fields, type Node } from './node.js'
import { parseNode } from './parse.js'
import { sha256 } from './sha256.js'

const FORMAT = 1
const MAX_FEATURES = 500
const MEMBERS = ['attributes', 'edgefold', 'events', 'features', 'name', 'triggers']

export interface Feature {
  readonly name: string
  readonly node: Node
}

/** One entry of the model's input row: `number` is float64; `key` is of a keyed feature, else null. */
export interface Column {
  readonly name: string
  readonly type: 'number' | 'string'
  readonly default: Default
  readonly feature: string
  readonly key: string | null
}

/** A reducer spec. Immutable; two with the same `id` fold alike everywhere. */
export interface Spec {
  /** SHA-256 of `json`, in lower-case hex. */
  readonly id: string
  readonly name: string
  /** The fields of each event type, by name. */
  readonly events: ReadonlyMap<string, Fields>
  readonly attributes: Fields
  readonly features: readonly Feature[]
  /** The model's input row: a column a feature, or one a key where it has keys. */
  readonly columns: readonly Column[]
  /** The event types whose arrival re-scores. */
  readonly triggers: readonly string[]
  /** The aggregate nodes by hash: those with one hash share one state. */
  readonly aggregates: ReadonlyMap<string, AggregateNode>
  /** The canonical JSON (RFC 8785). */
  readonly json: string
}

/** Build a spec from its JSON, as text or parsed.
 *
 *  @throws InvalidSpec names the part, its value, and what was expected. */
export function parseSpec(json: string | object): Spec {
  const value = read(json)
  if (!isObject(value) || Object.keys(value).sort().join() !== MEMBERS.join()) {
    throw new InvalidSpec('the spec', value, `an object with the members ${MEMBERS.join(', ')}`)
  }
  if (value.edgefold !== FORMAT) {
    throw new InvalidSpec('edgefold', value.edgefold, `${FORMAT}, the format that this version reads`)
  }
  const name = checkName('the name of a spec', value.name)
  const events = parseEvents(value.events)
  const attributes = parseFields('attributes', value.attributes)
  const features = parseFeatures(value.features, events, attributes)
  const triggers = parseTriggers(value.triggers, events)
  const nodes = features.flatMap((feature) => aggregatesOf(feature.node))
  const canonical = canonicalJson(value)
  return Object.freeze({
    id: sha256(canonical),
    name,
    events,
    attributes,
    features,
    columns: features.flatMap(columnsOf),
    triggers,
    aggregates: new Map(nodes.map((node) => [node.hash, node])),
    json: canonical,
  })
}

/** Return attributes as they are kept: decimals quantised, absent ones left out.
 *
 *  @throws InvalidAttribute undeclared, or with a value that its field refuses. */
export function validateAttributes(
  spec: Spec,
  attributes: Readonly<Record<string, unknown>> | null | undefined,
): ReadonlyMap<string, Value> {
  const kept = new Map<string, Value>()
  for (const [name, value] of Object.entries(attributes ?? {})) {
    const field = spec.attributes.get(name)
    if (field === undefined) {
      const declared = [...spec.attributes.keys()].join(', ') || 'there are none'
      throw new InvalidAttribute(name, value, `a declared attribute: ${declared}`)
    }
    if (value === null || value === undefined) continue
    const accepted = acceptor(field)(value)
    if (accepted === undefined) throw new InvalidAttribute(name, value, expectedOf(field))
    kept.set(name, accepted)
  }
  return kept
}

/** A spec given as an object goes through its text, so that nobody can change it afterwards. */
function read(json: string | object): unknown {
  try {
    return parseJson(typeof json === 'string' ? json : JSON.stringify(json))
  } catch (error) {
    throw new InvalidSpec('the spec', json, `JSON (${(error as Error).message})`)
  }
}

function parseEvents(value: unknown): ReadonlyMap<string, Fields> {
  if (!isObject(value) || Object.keys(value).length === 0) {
    throw new InvalidSpec('events', value, 'an object with at least one event type')
  }
  return new Map(
    Object.entries(value).map(([name, fields]) => [checkName('an event', name), parseFields(name, fields)]),
  )
}

function parseFeatures(
  value: unknown,
  events: ReadonlyMap<string, Fields>,
  attributes: Fields,
): readonly Feature[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > MAX_FEATURES) {
    throw new InvalidSpec('features', value, `a list of 1 to ${MAX_FEATURES}`)
  }
  const names = new Set<string>()
  return value.map((member: unknown) => {
    if (!isObject(member)) throw new InvalidSpec('a feature', member, 'an object')
    const { name: given, ...rest } = member
    const name = checkName('a feature', given)
    if (names.has(name)) throw new InvalidSpec('features', name, 'each name once')
    names.add(name)
    return { name, node: parseNode(`feature ${name}`, rest, events, attributes) }
  })
}

function parseTriggers(value: unknown, events: ReadonlyMap<string, Field | Fields>): readonly string[] {
  const known = Array.isArray(value) && value.every((trigger) => events.has(trigger as string))
  if (!known || new Set(value).size !== value.length) {
    throw new InvalidSpec(
      'triggers',
      value,
      `a list of the spec's events, each once: ${[...events.keys()].join(', ')}`,
    )
  }
  return value as string[]
}

function columnsOf({ name, node }: Feature): readonly Column[] {
  if (node.kind === 'aggregate' && node.vocabulary !== null) {
    return node.vocabulary.map((key) => ({
      name: `${name}=${key}`,
      type: 'number',
      default: null,
      feature: name,
      key,
    }))
  }
  const text = node.kind === 'attribute' ? isText(node.field) : node.kind === 'aggregate' && node.readsText
  return [{ name, type: text ? 'string' : 'number', default: node.default, feature: name, key: null }]
}
