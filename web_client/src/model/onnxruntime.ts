/** onnxruntime-web: WebAssembly that runs any ONNX model. Loaded only when the first model is opened. */

import type { InferenceSession } from 'onnxruntime-web/wasm'
import { InvalidInput, InvalidModel, ModelClosed, ModelFailed, RuntimeNotLoaded } from './errors.js'
import {
  checkInputs,
  type Input,
  type Model,
  type Output,
  type RuntimeOptions,
  type TensorInfo,
  type TensorType,
} from './model.js'
import { RUNTIME_FILES } from './runtime_files.js'

type Ort = typeof import('onnxruntime-web/wasm')

const RUNTIME = 'onnxruntime'
/** No other format that its bytes might look like. */
const ONLY_ONNX = { extra: { session: { load_model_format: 'ONNX' } } } as const
/** What goes wrong is thrown: onnxruntime need not write it too. */
const ONLY_FATAL = { logSeverityLevel: 4 } as const
const WASM_MAGIC = [0x00, 0x61, 0x73, 0x6d]
const DOWNLOAD_TIMEOUT_MS = 120_000
const REMEDY =
  `serve ${RUNTIME_FILES.join(', ')} beside the script or name its folder as \`wasm\`, ` +
  "allow 'wasm-unsafe-eval' in script-src of a Content-Security-Policy, then load the page again"

/** onnxruntime's names that differ from ONNX's. */
const ONNX_TYPES: Readonly<Record<string, TensorType>> = { float32: 'float', float64: 'double' }
const OWN_TYPES: Readonly<Record<string, string>> = { float: 'float32', double: 'float64' }

/** Open a model by onnxruntime-web.
 *
 *  @throws RuntimeNotLoaded its files are not there, or the browser does not start them.
 *  @throws InvalidModel the bytes are no model that it runs. */
export async function openOnnxruntime(bytes: Uint8Array, options: RuntimeOptions): Promise<Model> {
  const ort = await load(options.wasm)
  const session = await queued(() => created(ort, bytes))
  const odd = [...session.inputMetadata, ...session.outputMetadata].find((metadata) => !isTensor(metadata))
  if (odd !== undefined) {
    await queued(() => session.release())
    throw new InvalidModel(RUNTIME, `${odd.name} is not a tensor`)
  }
  const inputs = session.inputMetadata.filter(isTensor).map(infoOf)
  const outputs = session.outputMetadata.filter(isTensor).map(infoOf)
  let closing: Promise<void> | undefined
  return Object.freeze({
    inputs,
    outputs,
    run: async (given: Readonly<Record<string, Input>>) => {
      if (closing !== undefined) throw new ModelClosed()
      return queued(() => run(ort, session, inputs, given))
    },
    close: () => {
      closing ??= queued(() => session.release())
      return closing
    },
  })
}

let loaded: Promise<Ort> | undefined

/** A failed download is tried again by the next model; a start that failed is final in onnxruntime itself. */
function load(wasm: string | Uint8Array | undefined): Promise<Ort> {
  loaded ??= configured(wasm).catch((error: unknown) => {
    loaded = undefined
    throw error
  })
  return loaded
}

async function configured(wasm: string | Uint8Array | undefined): Promise<Ort> {
  const [ort, binary] = await Promise.all([
    import('onnxruntime-web/wasm').catch((error: unknown) => {
      throw new RuntimeNotLoaded(RUNTIME, `its script: ${messageOf(error)}`, REMEDY, { cause: error })
    }),
    typeof wasm === 'string' ? download(wasm) : wasm,
  ])
  ort.env.logLevel = 'fatal'
  ort.env.wasm.numThreads = 1
  if (binary !== undefined) ort.env.wasm.wasmBinary = binary
  return ort
}

/** Our own download, since onnxruntime never tries again after one that failed. */
async function download(folder: string): Promise<Uint8Array> {
  const url = `${folder.replace(/\/?$/, '/')}${RUNTIME_FILES[0]}`
  let bytes: Uint8Array
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) })
    if (!response.ok) throw new Error(`status ${response.status}`)
    bytes = new Uint8Array(await response.arrayBuffer())
  } catch (error) {
    throw new RuntimeNotLoaded(RUNTIME, `${url}: ${messageOf(error)}`, REMEDY, { cause: error })
  }
  if (!WASM_MAGIC.every((byte, index) => bytes[index] === byte)) {
    throw new RuntimeNotLoaded(RUNTIME, `${url} is no WebAssembly, perhaps a server's own page`, REMEDY)
  }
  return bytes
}

async function created(ort: Ort, bytes: Uint8Array): Promise<InferenceSession> {
  try {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: ['wasm'],
      ...ONLY_ONNX,
      ...ONLY_FATAL,
    })
    delete ort.env.wasm.wasmBinary // megabytes that nothing reads again
    return session
  } catch (error) {
    const reason = messageOf(error)
    if (reason.startsWith('no available backend')) {
      throw new RuntimeNotLoaded(RUNTIME, reason, REMEDY, { cause: error })
    }
    throw new InvalidModel(RUNTIME, reason, { cause: error })
  }
}

async function run(
  ort: Ort,
  session: InferenceSession,
  declared: readonly TensorInfo[],
  given: Readonly<Record<string, Input>>,
): Promise<Record<string, Output>> {
  checkInputs(declared, given)
  const feeds = Object.fromEntries(declared.map((info) => [info.name, tensorOf(ort, info, given)]))
  let found: InferenceSession.ReturnType
  try {
    found = await session.run(feeds, ONLY_FATAL)
  } catch (error) {
    throw new ModelFailed(messageOf(error), { cause: error })
  }
  const outputs: Record<string, Output> = {}
  for (const [name, { type, dims, data }] of Object.entries(found)) {
    outputs[name] = { type: onnxType(type), shape: dims, data: data as Output['data'] }
  }
  return outputs
}

function tensorOf(ort: Ort, { name, type }: TensorInfo, given: Readonly<Record<string, Input>>) {
  const { data, shape } = given[name] as Input
  try {
    return new ort.Tensor((OWN_TYPES[type] ?? type) as 'float64', data as Float64Array, shape)
  } catch (error) {
    throw new InvalidInput(name, data, `elements of type ${type}, as many as its shape has`, { cause: error })
  }
}

type TensorMetadata = Extract<InferenceSession.ValueMetadata, { isTensor: true }>

function isTensor(metadata: InferenceSession.ValueMetadata): metadata is TensorMetadata {
  return metadata.isTensor
}

function infoOf({ name, type, shape }: TensorMetadata): TensorInfo {
  return { name, type: onnxType(type), shape: shape.map((size) => (typeof size === 'number' ? size : null)) }
}

function onnxType(type: string): TensorType {
  return ONNX_TYPES[type] ?? (type as TensorType)
}

let lastTask: Promise<unknown> = Promise.resolve()

/** Run a task after all earlier ones: the sessions share one stack in WebAssembly, so no two may be under way. */
function queued<T>(task: () => Promise<T>): Promise<T> {
  const result = lastTask.then(task)
  lastTask = result.catch(() => undefined)
  return result
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
