/** What a model is to the rest of the client, whatever runs it. */

import { InvalidInput } from './errors.js'

/** The element types by their names in ONNX. */
export type TensorType =
  | 'bool'
  | 'double'
  | 'float'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'int8'
  | 'string'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'uint8'

/** The elements in row-major order: int64 is a BigInt64Array, double a Float64Array, bool a Uint8Array of 0 and 1. */
export type TensorData =
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array
  | Int16Array
  | Int32Array
  | Int8Array
  | Uint16Array
  | Uint32Array
  | Uint8Array
  | readonly string[]

export interface Input {
  readonly shape: readonly number[]
  /** Of the type that the model declares for this input. */
  readonly data: TensorData
}

export interface Output extends Input {
  readonly type: TensorType
}

/** A declared input or output; a free dimension, such as the batch, is null. */
export interface TensorInfo {
  readonly name: string
  readonly type: TensorType
  readonly shape: readonly (number | null)[]
}

/** A loaded model. Runs are taken one after another, in the order of the calls. */
export interface Model {
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
  /** Return every output by name, copied out of the runtime.
   *
   *  @throws InvalidInput an input is missing, unknown, or of another type or shape.
   *  @throws ModelFailed the runtime broke off.
   *  @throws ModelClosed after `close`. */
  run(inputs: Readonly<Record<string, Input>>): Promise<Record<string, Output>>
  /** Release what the runtime holds, after the runs under way; repeating it is harmless. */
  close(): Promise<void>
}

export interface RuntimeOptions {
  /** Where the runtime's WebAssembly is: the URL of the folder that holds `RUNTIME_FILES`, or the bytes of the `.wasm`.
   *  Without it, the runtime looks beside its own script. The first model that is opened decides for the page. */
  readonly wasm?: string | Uint8Array
}

/** What opens the bytes of a model. */
export type Runtime = (bytes: Uint8Array, options: RuntimeOptions) => Promise<Model>

/** Throw InvalidInput unless the inputs are exactly those that the model declares, in shape too. */
export function checkInputs(declared: readonly TensorInfo[], inputs: Readonly<Record<string, Input>>): void {
  const names = declared.map(({ name }) => name)
  const unknown = Object.keys(inputs).find((name) => !names.includes(name))
  if (unknown !== undefined) {
    throw new InvalidInput(unknown, 'given', `one of the model's inputs: ${names.join(', ')}`)
  }
  for (const { name, shape } of declared) {
    const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined
    const fits =
      input?.shape.length === shape.length &&
      shape.every((size, axis) => size === null || size === input.shape[axis])
    if (!fits) {
      throw new InvalidInput(
        name,
        input?.shape ?? null,
        `the shape ${JSON.stringify(shape)}, null being free`,
      )
    }
  }
}
