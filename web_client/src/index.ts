/** Edgefold in a page: fold events into a profile on the device, and score the model there. */

export * from './bundle/index.js'
export {
  InvalidAttribute,
  InvalidEvent,
  InvalidProfile,
  InvalidReplica,
  InvalidSpec,
  ReadOutTooEarly,
  ReducerError,
  SpecMismatch,
} from './errors.js'
export { type FeaturesOptions, features } from './features.js'
export { type FoldOptions, fold, merge } from './fold.js'
export * from './model/index.js'
export { emptyProfile, type Profile, profileFromJson, profileToJson } from './profile.js'
export { type Column, type Feature, parseSpec, type Spec } from './spec.js'
