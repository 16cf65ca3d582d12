import { afterEach, describe, expect, test } from 'vitest'
import {
  type BundleFiles,
  InvalidBundle,
  openBundle,
  type ScoringBundle,
} from '../../../web_client/src/bundle/index.js'
import { readJson } from '../../../web_client/src/bundle/manifest.js'
import { type BundleName, changed, type Json, jsonOf, readBundle, withOtherByte } from '../bundles.js'
import { ECHO, FAILS_WHEN_RUN, INT64_LABEL } from '../models.js'

const NAMES: readonly BundleName[] = ['tree', 'linear']
const tree = readBundle('tree')
const golden = jsonOf(tree, 'vectors.json').cases as Json[]

const opened: ScoringBundle[] = []
afterEach(() => Promise.all(opened.splice(0).map((bundle) => bundle.close())))

/** Open a bundle that is closed after the test. */
async function open(...given: Parameters<typeof openBundle>): Promise<ScoringBundle> {
  const bundle = await openBundle(...given)
  opened.push(bundle)
  return bundle
}

/** The error that opening a bundle throws. */
async function refusal(files: BundleFiles): Promise<InvalidBundle> {
  try {
    await open(files)
  } catch (error) {
    if (error instanceof InvalidBundle) return error
    throw error
  }
  throw new Error('the bundle was opened')
}

describe.each(NAMES)('the %s bundle of the exporter', (name) => {
  test('scores each golden case as Python does, within its tolerance', async () => {
    const files = readBundle(name)
    const bundle = await open(files)
    const cases = jsonOf(files, 'vectors.json').cases as Json[]
    expect(cases.length).toBeGreaterThan(0)
    for (const { features, label, probabilities } of cases) {
      const score = await bundle.score(features)
      expect(score.label).toBe(label)
      expect(score.score).toBe(score.probabilities[1])
      score.probabilities.forEach((probability, index) => {
        // the manifest's own tolerance, which the exporter measured: another processor may sum in another order
        expect(Math.abs(probability - probabilities[index])).toBeLessThanOrEqual(bundle.manifest.tolerance)
      })
    }
  })

  const declared = Object.keys(jsonOf(readBundle(name), 'manifest.json').files)

  test.each(declared)('is refused after a change of one byte in %s', async (file) => {
    const files = readBundle(name)
    const error = await refusal({ ...files, [file]: withOtherByte(files[file] as Uint8Array) })
    expect(error.file).toBe(file)
  })

  test.each(declared)('is refused after a change of one byte in the hash of %s', async (file) => {
    const files = readBundle(name)
    const hash = jsonOf(files, 'manifest.json').files[file].sha256
    const at = new TextDecoder().decode(files['manifest.json']).indexOf(hash)
    const manifest = withOtherByte(files['manifest.json'] as Uint8Array, at)
    await refusal({ ...files, 'manifest.json': manifest })
  })

  test.each(Object.keys(readBundle(name)))('is refused without %s', async (file) => {
    const { [file]: _lost, ...rest } = readBundle(name)
    expect(await refusal(rest)).toMatchObject({ file, value: null })
  })
})

describe('a bundle is refused, though every hash is right, with', () => {
  const manifests: readonly [string, (manifest: Json) => void, string][] = [
    ['another format', (m) => Object.assign(m, { edgefold: 2 }), 'manifest.json edgefold'],
    ['a signature', (m) => Object.assign(m, { signature: 'MEUCIQ' }), 'manifest.json signature'],
    ['one label', (m) => Object.assign(m, { labels: [1] }), 'manifest.json labels'],
    ['a threshold that is text', (m) => Object.assign(m, { threshold: '0.5' }), 'manifest.json threshold'],
    ['a version 0', (m) => Object.assign(m, { version: 0 }), 'manifest.json version'],
    ['a last day in words', (m) => Object.assign(m, { expires: 'tomorrow' }), 'manifest.json expires'],
    ['a February 30', (m) => Object.assign(m, { expires: '2027-02-30' }), 'manifest.json expires'],
    ['an hour 24', (m) => Object.assign(m, { expires: '2027-02-03T24:00Z' }), 'manifest.json expires'],
    ['a tolerance of 1', (m) => Object.assign(m.parity, { tolerance: 1 }), 'manifest.json parity.tolerance'],
    [
      'a file in another folder',
      (m) => Object.assign(m.files, { '../../x': m.files['model.onnx'] }),
      'manifest.json files',
    ],
    [
      'a hash in capitals',
      (m) => Object.assign(m.files['model.onnx'], { sha256: 'A'.repeat(64) }),
      'manifest.json files.model.onnx.sha256',
    ],
    [
      'two features in one column',
      (m) => Object.assign(m.features[1], { column: m.features[0].column }),
      'manifest.json features',
    ],
    [
      'a feature of another type',
      (m) => Object.assign(m.features[0], { type: 'string' }),
      'manifest.json features',
    ],
    [
      'a feature that the spec has not',
      (m) => Object.assign(m.features[0], { name: 'height' }),
      'manifest.json features',
    ],
    ['another spec id', (m) => Object.assign(m, { spec: '0'.repeat(64) }), 'reducer.json'],
    [
      'an output of another type',
      (m) => Object.assign(m.model.outputs[0], { type: 'int64' }),
      'manifest.json model.outputs',
    ],
    [
      'an input of another type',
      (m) => Object.assign(m.model.inputs[0], { type: 'float' }),
      'manifest.json model.inputs',
    ],
    ['an input given twice', (m) => m.model.inputs.push(m.model.inputs[0]), 'manifest.json model.inputs'],
    ['an input less', (m) => m.model.inputs.pop(), 'manifest.json features'],
    ['an output less', (m) => m.model.outputs.pop(), 'manifest.json model.outputs'],
    ['no golden cases', (m) => delete m.files['vectors.json'], 'manifest.json files'],
  ]

  test.each(manifests)('%s', async (_what, change, file) => {
    expect(await refusal(changed(tree, change))).toMatchObject({ name: 'InvalidBundle', file })
  })

  test('a member of the manifest that is given twice', async () => {
    const text = new TextDecoder().decode(tree['manifest.json'])
    const twice = new TextEncoder().encode(`{"version":1,${text.slice(1)}`)
    expect(await refusal({ ...tree, 'manifest.json': twice })).toMatchObject({ file: 'manifest.json' })
  })

  test('a model that does not load', async () => {
    const unknown = (text: string) => text.replaceAll('Sigmoid', 'Sigmoxd')
    const bytes = Buffer.from(
      unknown(Buffer.from(tree['model.onnx'] as Uint8Array).toString('latin1')),
      'latin1',
    )
    const renamed = (m: Json) => Object.assign(m.model, { operators: m.model.operators.map(unknown) })
    const error = await refusal(changed(tree, renamed, { 'model.onnx': new Uint8Array(bytes) }))
    expect(error).toMatchObject({ file: 'model.onnx', expected: 'a model that onnxruntime loads' })
  })

  test('a model whose label is of another type', async () => {
    const error = await refusal(
      withModelOf(INT64_LABEL, ['orders', 'orders_90d'], [], ['ArgMax', 'Identity']),
    )
    expect(error).toMatchObject({ file: 'model.onnx outputs', value: expect.stringContaining('int64') })
  })

  test('a spec that is none', async () => {
    const spec = new TextEncoder().encode('{}')
    expect(await refusal(changed(tree, () => {}, { 'reducer.json': spec }))).toMatchObject({
      file: 'reducer.json',
    })
  })
})

/** A bundle of another model, which takes these numbers. */
const withModelOf = (model: Uint8Array, numbers: string[], cases: Json[], operators: string[]) =>
  changed(
    tree,
    (manifest) => {
      manifest.features = numbers.map((name, column) =>
        Object.assign(
          manifest.features.find((feature: Json) => feature.name === name),
          { column },
        ),
      )
      manifest.model.inputs = [{ name: 'numbers', type: 'double', shape: [null, numbers.length] }]
      manifest.model.operators = operators
    },
    {
      'model.onnx': model,
      'vectors.json': new TextEncoder().encode(JSON.stringify({ ...jsonOf(tree, 'vectors.json'), cases })),
    },
  )

test('a bundle is refused whose model loads but does not run', async () => {
  const error = await refusal(
    withModelOf(FAILS_WHEN_RUN, ['orders'], golden, ['ArgMax', 'Cast', 'Concat', 'Gather']),
  )
  expect(error).toMatchObject({
    file: 'model.onnx',
    expected: 'a model that runs',
    cause: { name: 'ModelFailed' },
  })
})

test('a row that the model answers with NaN is refused by the feature it can not do without', async () => {
  const bundle = await open(withModelOf(ECHO, ['orders'], [], ['ArgMax', 'Cast', 'Concat']))
  expect((await bundle.score({ orders: 0.25 })).probabilities).toEqual([0.25, 0.25])
  await expect(bundle.score({ orders: null })).rejects.toThrow(
    expect.objectContaining({ name: 'InvalidRows', feature: 'orders', value: Number.NaN }),
  )
})

test('a manifest nested deeper than the stack is read', async () => {
  const depth = 100_000
  const text = new TextDecoder().decode(tree['manifest.json'])
  const deep = text.replace('{', `{"note":${'['.repeat(depth)}${']'.repeat(depth)},`)
  await open({ ...tree, 'manifest.json': new TextEncoder().encode(deep) })
})

describe('the golden cases report', () => {
  test('columns of the manifest that are swapped', async () => {
    const swapped = changed(tree, ({ features }) => {
      const [first, second] = features.filter(({ type }: Json) => type === 'number')
      Object.assign(first, { column: second.column })
      Object.assign(second, { column: 0 })
    })
    expect((await refusal(swapped)).file).toMatch(/^vectors.json case .* (label|probabilities)$/)
  })

  test('labels of the manifest that are swapped', async () => {
    const swapped = changed(tree, ({ labels }) => labels.reverse())
    expect((await refusal(swapped)).file).toMatch(/label$/)
  })

  const vectors: readonly [string, (golden: Json) => void, RegExp][] = [
    ['another profile', (c) => Object.assign(c.profile, { last_ms: 1 }), /profile$/],
    [
      'another feature',
      (c) => Object.assign(c.features, { [Object.keys(c.features)[0] as string]: -1 }),
      /feature /,
    ],
    ['another label', (c) => Object.assign(c, { label: 'neither' }), /label$/],
    ['another probability', (c) => Object.assign(c, { probabilities: [0.5, 0.5] }), /probabilities$/],
    ['a probability less', (c) => c.probabilities.pop(), /probabilities$/],
    ['a read-out before its last event', (c) => Object.assign(c, { now_ms: 0 }), /^vectors.json case "/],
    ['no events', (c) => delete c.events, /^vectors.json case \d/],
    ['no profile', (c) => delete c.profile, /^vectors.json case \d/],
  ]

  test.each(vectors)('%s', async (_what, change, file) => {
    const json = jsonOf(tree, 'vectors.json')
    change(json.cases.find(({ events }: Json) => events.length > 0))
    const changedVectors = new TextEncoder().encode(JSON.stringify(json))
    expect((await refusal(changed(tree, () => {}, { 'vectors.json': changedVectors }))).file).toMatch(file)
  })
})

test('a golden profile nested deeper than the stack is refused', async () => {
  const depth = 100_000
  const text = new TextDecoder().decode(tree['vectors.json'])
  const deep = text.replace('"profile":{', `"profile":{"note":${'['.repeat(depth)}${']'.repeat(depth)},`)
  const error = await refusal(changed(tree, () => {}, { 'vectors.json': new TextEncoder().encode(deep) }))
  expect(error.file).toMatch(/^vectors.json case "/)
})

describe('a row', () => {
  test('without a feature is refused by name', async () => {
    const bundle = await open(tree)
    const { [bundle.manifest.features[0]?.name as string]: _lost, ...rest } = golden[0].features
    await expect(bundle.score(rest)).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidRows', feature: bundle.manifest.features[0]?.name }),
    )
  })

  test.each([
    ['number', 'text'],
    ['string', 7],
  ])('with a %s feature of %j is refused by name', async (type, value) => {
    const bundle = await open(tree)
    const { name } = bundle.manifest.features.find((feature) => feature.type === type) as { name: string }
    await expect(bundle.score({ ...golden[0].features, [name]: value })).rejects.toThrow(
      expect.objectContaining({ name: 'InvalidRows', feature: name, value }),
    )
  })

  test('may miss every feature: NaN and null score alike', async () => {
    const bundle = await open(tree)
    const of = (number: number | null) =>
      Object.fromEntries(
        bundle.manifest.features.map(({ name, type }) => [name, type === 'number' ? number : null]),
      )
    expect(await bundle.score(of(Number.NaN))).toEqual(await bundle.score(of(null)))
  })
})

test.each(['\0', '\0x', '\ud800'])('a category with %j after it is another, as in Python', async (more) => {
  const bundle = await open(tree)
  const of = async (country: string) => (await bundle.score({ ...golden[0].features, country })).score
  expect(await of(`GB${more}`)).toBe(await of('elsewhere'))
  expect(await of('GB')).not.toBe(await of('elsewhere'))
})

describe('the threshold of a manifest', () => {
  // its golden labels would be those of the threshold
  const empty = new TextEncoder().encode(JSON.stringify({ ...jsonOf(tree, 'vectors.json'), cases: [] }))
  const withThreshold = (threshold: number) =>
    changed(tree, (m) => Object.assign(m, { threshold }), { 'vectors.json': empty })

  test('reached exactly gives the second label, not reached the first, and the probabilities stay', async () => {
    const own = await (await open(tree)).score(golden[0].features)
    const reached = await open(withThreshold(own.score))
    const missed = await open(withThreshold(own.score + Number.EPSILON))
    const [first, second] = reached.manifest.labels
    expect(await reached.score(golden[0].features)).toEqual({ ...own, label: second })
    expect(await missed.score(golden[0].features)).toEqual({ ...own, label: first })
  })
})

describe('a bundle with a last day', () => {
  const EXPIRES_MS = Date.UTC(2027, 0, 1)
  const expiring = (expires: string) => changed(tree, (m) => Object.assign(m, { expires }))

  test.each(['2027-01-01T00:00:00Z', '2027-01-01T00:00:00', '2027-01-01', '2027-01-01T02:00:00+02:00'])(
    'of %s opens one millisecond before and not then',
    async (expires) => {
      await open(expiring(expires), { now: () => EXPIRES_MS - 1 })
      await expect(open(expiring(expires), { now: () => EXPIRES_MS })).rejects.toThrow(
        expect.objectContaining({ name: 'BundleExpired', expires }),
      )
    },
  )

  test('stops scoring when it is past', async () => {
    let nowMs = EXPIRES_MS - 1
    const bundle = await open(expiring('2027-01-01T00:00:00Z'), { now: () => nowMs })
    await bundle.score(golden[0].features)
    nowMs = EXPIRES_MS
    await expect(bundle.score(golden[0].features)).rejects.toThrow(
      expect.objectContaining({ name: 'BundleExpired' }),
    )
  })
})

test('a manifest can not be changed once it is read', async () => {
  const { manifest } = await open(tree)
  expect(() => Object.assign(manifest.labels, { 0: 'other' })).toThrow(TypeError)
  expect(() => Object.assign(manifest.members, { version: 9 })).toThrow(TypeError)
})

test('JSON that is not UTF-8 is refused', () => {
  expect(() => readJson('x.json', new Uint8Array([0x22, 0xff, 0x22]))).toThrow(InvalidBundle)
})
