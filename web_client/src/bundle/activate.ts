/** From verified files to a bundle that scores: spec, model and golden cases all agree, or nothing is opened. */

import {
  InvalidModel,
  type Model,
  ModelError,
  type OpenModelOptions,
  type Output,
  openModel,
  type TensorInfo,
} from '../model/index.js'
import { InvalidSpec } from '../reducer/errors.js'
import { parseSpec, type Spec } from '../reducer/spec.js'
import { BundleExpired, InvalidBundle, InvalidRows } from './errors.js'
import type { BundleContent } from './files.js'
import { expired, type Label, MANIFEST_FILE, type Manifest, type Tensor } from './manifest.js'
import { checkHeader } from './onnx_header.js'
import { asInputs, type Row } from './rows.js'
import { VECTORS_FILE, verify } from './verify.js'

/** The bundle's spec. */
export const SPEC_FILE = 'reducer.json'

export interface Score {
  /** The probability of the second of two labels, else of the predicted one. */
  readonly score: number
  readonly label: Label
  /** One a label, in the order of the manifest. */
  readonly probabilities: readonly number[]
}

export interface ActivateOptions extends OpenModelOptions {
  /** Milliseconds since the Unix epoch; `Date.now` by default. */
  readonly now?: () => number
}

/** What scores: the parts of a bundle that do not depend on where it came from. */
export interface ActiveBundle {
  readonly manifest: Manifest
  readonly spec: Spec
  /** Score a row, as `features(…)` gives it.
   *
   *  @throws InvalidRows a feature is missing or of a wrong type.
   *  @throws BundleExpired the bundle's last moment is past. */
  score(row: Row): Promise<Score>
  /** Release the model; repeating it is harmless. */
  close(): Promise<void>
}

/** Open a bundle of verified files, and replay its golden cases.
 *
 *  @throws InvalidBundle spec, model or golden cases are not what the manifest says.
 *  @throws BundleExpired its last moment is past.
 *  @throws RuntimeNotLoaded what runs the model could not be fetched or started. */
export async function activate(content: BundleContent, options: ActivateOptions): Promise<ActiveBundle> {
  const { now = Date.now, ...modelOptions } = options
  const { manifest } = content
  checkExpiry(manifest, now())
  const spec = specOf(content)
  const vectors = fileOf(content, VECTORS_FILE)
  const modelBytes = fileOf(content, manifest.modelFile)
  checkHeader(manifest, modelBytes)
  const model = await modelOf(manifest, modelBytes, modelOptions)
  const bundle: ActiveBundle = {
    manifest,
    spec,
    score: async (row) => {
      checkExpiry(manifest, now())
      return scoreOf(manifest, model, row)
    },
    close: () => model.close(),
  }
  try {
    await verify(bundle, vectors)
  } catch (error) {
    await model.close()
    if (!(error instanceof ModelError)) throw error
    throw new InvalidBundle(manifest.modelFile, error.message, 'a model that runs', { cause: error })
  }
  return bundle
}

async function scoreOf(manifest: Manifest, model: Model, row: Row): Promise<Score> {
  const { labels, threshold } = manifest
  const outputs = (await model.run(asInputs(manifest, row))) as Record<'label' | 'probabilities', Output>
  const probabilities = Array.from(outputs.probabilities.data, Number)
  if (probabilities.some(Number.isNaN)) throw unanswered(manifest, row)
  const own = Number(outputs.label.data[0])
  const index = threshold === null ? own : (probabilities[1] as number) >= threshold ? 1 : 0
  const label = labels[index]
  if (label === undefined) {
    throw new InvalidBundle(`${manifest.modelFile} label`, index, `an index into ${labels.length} labels`)
  }
  const chosen = labels.length === 2 ? 1 : index
  return { score: probabilities[chosen] as number, label, probabilities }
}

/** A model that can't do without some number answers NaN where that is missing, which is no score. */
function unanswered({ features }: Manifest, row: Row): InvalidRows {
  const missing = features.find(({ name, type }) => type === 'number' && !Number.isFinite(row[name]))
  if (missing === undefined) return new InvalidRows('rows', row, 'a row that the model answers')
  const value = row[missing.name] ?? Number.NaN
  return new InvalidRows(missing.name, value, 'a finite number: the model has no answer without')
}

function checkExpiry(manifest: Manifest, nowMs: number): void {
  if (expired(manifest, nowMs)) throw new BundleExpired(manifest.name, String(manifest.expires))
}

/** Return the spec of a bundle of which its file has arrived at least.
 *
 *  @throws InvalidBundle it is not what the manifest says. */
export function specOf(content: BundleContent): Spec {
  const { manifest } = content
  const bytes = fileOf(content, SPEC_FILE)
  let spec: Spec
  try {
    spec = parseSpec(new TextDecoder().decode(bytes))
  } catch (error) {
    if (!(error instanceof InvalidSpec)) throw error
    throw new InvalidBundle(SPEC_FILE, error.message, 'a reducer spec', { cause: error })
  }
  if (spec.id !== manifest.spec) {
    throw new InvalidBundle(SPEC_FILE, spec.id, `the spec ${manifest.spec} of the manifest`)
  }
  const columns = new Map(spec.columns.map(({ name, type }) => [name, type]))
  const unknown = manifest.features.filter(({ name, type }) => columns.get(name) !== type)
  if (unknown.length > 0) {
    const names = unknown.map(({ name }) => name)
    throw new InvalidBundle(`${MANIFEST_FILE} features`, names, 'features of the spec')
  }
  return spec
}

async function modelOf(manifest: Manifest, bytes: Uint8Array, options: OpenModelOptions): Promise<Model> {
  const { modelFile } = manifest
  let model: Model
  try {
    model = await openModel(bytes, options)
  } catch (error) {
    if (!(error instanceof InvalidModel)) throw error
    throw new InvalidBundle(modelFile, error.reason, `a model that ${error.runtime} loads`, { cause: error })
  }
  try {
    checkTensors(`${modelFile} inputs`, model.inputs, manifest.inputs)
    checkTensors(`${modelFile} outputs`, model.outputs, manifest.outputs)
  } catch (error) {
    await model.close()
    throw error
  }
  return model
}

function checkTensors(where: string, found: readonly TensorInfo[], declared: readonly Tensor[]): void {
  const written = (tensors: readonly Tensor[]) =>
    tensors.map(({ name, type, shape }) => JSON.stringify([name, type, shape])).sort()
  const [model, manifest] = [written(found).join(), written(declared).join()]
  if (model !== manifest) throw new InvalidBundle(where, model, `${manifest}, as the manifest says`)
}

function fileOf({ manifest, files }: BundleContent, name: string): Uint8Array {
  const bytes = files.get(name)
  if (bytes === undefined) {
    throw new InvalidBundle(`${MANIFEST_FILE} files`, [...manifest.files.keys()], `${name} among the files`)
  }
  return bytes
}
