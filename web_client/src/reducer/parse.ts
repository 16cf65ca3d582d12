/** Read-outs from their JSON. */

import { isObject, isWellFormed } from './canonical.js'
import { InvalidSpec } from './errors.js'
import { type Expression, fieldNames, parseExpression } from './expression.js'
import { checkInteger, checkVocabulary, isText, OTHER_KEY } from './field.js'
import { type AggregateNode, type Default, type Fields, hashOf, type Node, STATE_MEMBERS } from './node.js'
import { type AggregateName, MAX_CAP, MAX_HOPS_A_WINDOW, MIN_HOP_MS, RULES, type Rule } from './rules.js'

const AGGREGATE_MEMBERS = [...STATE_MEMBERS, 'unit_ms', 'default']

/** Build a read-out from its JSON; `where` names it in an error.
 *
 *  @throws InvalidSpec an unknown member, a wrong value, or a member that does not apply. */
export function parseNode(
  where: string,
  value: Record<string, unknown>,
  events: ReadonlyMap<string, Fields>,
  attributes: Fields,
): Node {
  if ('attribute' in value) {
    checkMembers(where, value, ['attribute', 'default'])
    const attribute = value.attribute as string
    const field = attributes.get(attribute)
    if (field === undefined) {
      throw new InvalidSpec(
        `${where}.attribute`,
        attribute,
        `an attribute: ${[...attributes.keys()].join(', ')}`,
      )
    }
    const values = field.type === 'enum' ? field.values : null
    return { kind: 'attribute', attribute, field, default: parseDefault(where, value, isText(field), values) }
  }
  if ('ratio' in value) {
    checkMembers(where, value, ['ratio', 'default'])
    const sides: unknown = value.ratio
    if (!Array.isArray(sides) || sides.length !== 2)
      throw new InvalidSpec(`${where}.ratio`, sides, 'a list of two aggregates')
    const [numerator, denominator] = sides.map((side) => parseSide(`${where}.ratio`, side, events))
    return {
      kind: 'ratio',
      numerator: numerator as AggregateNode,
      denominator: denominator as AggregateNode,
      default: parseDefault(where, value, false, null),
    }
  }
  return parseAggregate(where, value, events)
}

function parseSide(where: string, value: unknown, events: ReadonlyMap<string, Fields>): AggregateNode {
  const node = isObject(value) ? parseAggregate(where, value, events) : null
  if (node === null || node.vocabulary !== null || node.readsText) {
    throw new InvalidSpec(where, value, 'two aggregates with one number each')
  }
  return node
}

function parseAggregate(
  where: string,
  value: Record<string, unknown>,
  events: ReadonlyMap<string, Fields>,
): AggregateNode {
  checkMembers(where, value, AGGREGATE_MEMBERS)
  const aggregate = value.aggregate
  if (typeof aggregate !== 'string' || !Object.hasOwn(RULES, aggregate)) {
    throw new InvalidSpec(`${where}.aggregate`, aggregate, `one of ${Object.keys(RULES).join(', ')}`)
  }
  const event = value.event as string
  const fields = events.get(event)
  if (fields === undefined) {
    throw new InvalidSpec(
      `${where}.event`,
      event,
      `one of the spec's events: ${[...events.keys()].join(', ')}`,
    )
  }
  const rule: Rule = RULES[aggregate as AggregateName]
  for (const member of ['value', 'key', 'cap', 'unit_ms'] as const) {
    const [needed, given] = [rule[member] !== undefined, member in value]
    if (needed !== given) {
      const expected = needed ? `a ${member}` : `no ${member}: ${aggregate} takes none`
      throw new InvalidSpec(`${where}.${member}`, value[member], expected)
    }
  }
  if ('default' in value && !rule.default) {
    throw new InvalidSpec(`${where}.default`, value.default, `none: ${aggregate} is 0 before the first event`)
  }
  const parsed = parseValue(where, value, fields, rule)
  const { key, keys, vocabulary } = parseKey(where, value, fields)
  const readsText = parsed?.type.kind === 'text' && (aggregate === 'first' || aggregate === 'last')
  const values = parsed?.type.kind === 'text' ? (parsed.type.values ?? null) : null
  const predicate = parsePredicate(where, value, fields)
  return {
    kind: 'aggregate',
    aggregate: aggregate as AggregateName,
    event,
    value: parsed,
    where: predicate,
    window: parseWindow(where, value),
    key,
    keys,
    cap: 'cap' in value ? checkInteger(`${where}.cap`, value.cap, 1, MAX_CAP) : null,
    unitMs:
      'unit_ms' in value ? checkInteger(`${where}.unit_ms`, value.unit_ms, 1, Number.MAX_SAFE_INTEGER) : null,
    default: parseDefault(where, value, readsText, values),
    fields,
    vocabulary,
    readsText,
    hash: hashOf(value, fields, [parsed, predicate], key),
  }
}

function parseValue(
  where: string,
  value: Record<string, unknown>,
  fields: Fields,
  rule: Rule,
): Expression | null {
  if (rule.value === undefined) return null
  const parsed = parseExpression(`${where}.value`, value.value, fields)
  const isField = parsed.operator === 'field'
  const isNumber = parsed.type.kind === 'number'
  const fits = { number: isNumber, any: isField || isNumber, field: isField }[rule.value]
  if (!fits || fieldNames(parsed).length === 0) {
    const expected = { number: 'a number', any: 'a field or a number', field: 'a field' }[rule.value]
    throw new InvalidSpec(`${where}.value`, value.value, `${expected} of the event`)
  }
  return parsed
}

function parsePredicate(where: string, value: Record<string, unknown>, fields: Fields): Expression | null {
  if (!('where' in value)) return null
  const predicate = parseExpression(`${where}.where`, value.where, fields)
  if (predicate.type.kind !== 'truth') {
    throw new InvalidSpec(`${where}.where`, value.where, 'a predicate: true or false')
  }
  return predicate
}

function parseKey(where: string, value: Record<string, unknown>, fields: Fields) {
  if (!('key' in value)) {
    if ('keys' in value) throw new InvalidSpec(`${where}.keys`, value.keys, 'a key that they belong to')
    return { key: null, keys: null, vocabulary: null }
  }
  const key = value.key as string
  const field = fields.get(key)
  if (field === undefined || !isText(field)) {
    throw new InvalidSpec(`${where}.key`, key, 'an enum or string field of the event')
  }
  if (field.type === 'enum') {
    if ('keys' in value)
      throw new InvalidSpec(`${where}.keys`, value.keys, "none: an enum's keys are its values")
    return { key, keys: null, vocabulary: field.values }
  }
  const keys = checkVocabulary(`${where}.keys, since a string key names its own,`, value.keys)
  return { key, keys, vocabulary: [...keys, OTHER_KEY] }
}

function parseWindow(where: string, value: Record<string, unknown>): AggregateNode['window'] {
  if ('window_ms' in value !== 'hop_ms' in value) {
    throw new InvalidSpec(`${where}.hop_ms`, value.hop_ms, 'window_ms and hop_ms together')
  }
  if (!('window_ms' in value)) return null
  const windowMs = checkInteger(`${where}.window_ms`, value.window_ms, MIN_HOP_MS, Number.MAX_SAFE_INTEGER)
  const hopMs = checkInteger(`${where}.hop_ms`, value.hop_ms, MIN_HOP_MS, windowMs)
  if (windowMs > hopMs * MAX_HOPS_A_WINDOW) {
    throw new InvalidSpec(
      `${where}.window_ms`,
      windowMs,
      `at most ${MAX_HOPS_A_WINDOW} hops; take a longer hop`,
    )
  }
  return { windowMs, hopMs }
}

function parseDefault(
  where: string,
  value: Record<string, unknown>,
  text: boolean,
  values: readonly string[] | null,
): Default {
  if (!('default' in value)) return null
  const given = value.default
  if (text) {
    if (typeof given === 'string' && isWellFormed(given) && (values === null || values.includes(given)))
      return given
    throw new InvalidSpec(
      `${where}.default`,
      given,
      values === null ? 'a string' : `one of ${values.join(', ')}`,
    )
  }
  if (typeof given === 'number' && Math.abs(given) <= Number.MAX_SAFE_INTEGER) return given + 0
  throw new InvalidSpec(`${where}.default`, given, 'a finite number, |x| < 2^53')
}

function checkMembers(where: string, value: Record<string, unknown>, known: readonly string[]): void {
  for (const [name, given] of Object.entries(value)) {
    if (given === null) throw new InvalidSpec(`${where}.${name}`, null, 'a value, or no such member')
    if (!known.includes(name)) throw new InvalidSpec(where, name, `only the members ${known.join(', ')}`)
  }
}
