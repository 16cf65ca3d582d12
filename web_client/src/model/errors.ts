/** What goes wrong with a model and the runtime that runs it: one root, the values as properties. */

import { shown } from '../reducer/errors.js'

/** The root of every error that opening or running a model throws on purpose. */
export class ModelError extends Error {
  override readonly name: string = 'ModelError'
}

/** A runtime that could not be fetched or started; no model is at fault. */
export class RuntimeNotLoaded extends ModelError {
  override readonly name = 'RuntimeNotLoaded'

  constructor(
    readonly runtime: string,
    readonly reason: string,
    /** What to do about it. */
    readonly remedy: string,
    options?: ErrorOptions,
  ) {
    super(`the runtime ${runtime} did not load: ${reason}; ${remedy}.`, options)
  }
}

/** Bytes that the runtime can't read as a model, or a model with something that it does not run. */
export class InvalidModel extends ModelError {
  override readonly name = 'InvalidModel'

  constructor(
    readonly runtime: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(
      `the model does not load: ${reason}; expected an ONNX model that ${runtime} runs. Export it again.`,
      options,
    )
  }
}

/** An input that the model does not take. */
export class InvalidInput extends ModelError {
  override readonly name = 'InvalidInput'

  constructor(
    readonly input: string,
    readonly value: unknown,
    readonly expected: string,
    options?: ErrorOptions,
  ) {
    super(`input ${input} of the model is ${shown(value)}; expected ${expected}.`, options)
  }
}

/** A run that the runtime broke off, with inputs of the declared types and shapes. */
export class ModelFailed extends ModelError {
  override readonly name = 'ModelFailed'

  constructor(
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`the model did not run: ${reason}; expected outputs. Check the values of its inputs.`, options)
  }
}

/** A run of a model that was closed before. */
export class ModelClosed extends ModelError {
  override readonly name = 'ModelClosed'

  constructor() {
    super('the model is closed; expected an open one. Open it again before you run it.')
  }
}
