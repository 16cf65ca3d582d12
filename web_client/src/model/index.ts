/** Open the bytes of a model; what runs it is behind one interface. */

import { RuntimeNotLoaded } from './errors.js'
import type { Model, Runtime, RuntimeOptions } from './model.js'
import { openOnnxruntime } from './onnxruntime.js'

export {
  InvalidInput,
  InvalidModel,
  ModelClosed,
  ModelError,
  ModelFailed,
  RuntimeNotLoaded,
} from './errors.js'
export type { Input, Model, Output, RuntimeOptions, TensorData, TensorInfo, TensorType } from './model.js'
export { RUNTIME_FILES, RUNTIME_VERSION } from './runtime_files.js'

export type RuntimeName = 'onnxruntime'

export interface OpenModelOptions extends RuntimeOptions {
  readonly runtime?: RuntimeName
}

const RUNTIMES: Readonly<Record<RuntimeName, Runtime>> = { onnxruntime: openOnnxruntime }

/** Open an ONNX model.
 *
 *  @throws RuntimeNotLoaded what runs it could not be fetched or started.
 *  @throws InvalidModel the bytes are no model that it runs. */
export async function openModel(bytes: Uint8Array, options: OpenModelOptions = {}): Promise<Model> {
  const { runtime = 'onnxruntime', ...rest } = options
  if (!Object.hasOwn(RUNTIMES, runtime)) {
    throw new RuntimeNotLoaded(
      runtime,
      'there is none of that name',
      `use ${Object.keys(RUNTIMES).join(', ')}`,
    )
  }
  return RUNTIMES[runtime](bytes, rest)
}
