/** Edgefold in a page: fold events into a profile on the device, and score the model there. */

export * from './bundle/index.js'
export { type Client, type ClientOptions, openClient, type ScoreResult, type Status } from './client.js'
export type { SyncReport } from './courier.js'
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
export type { Counts } from './log.js'
export * from './model/index.js'
export {
  ClientClosed,
  ClientError,
  EventsQuarantined,
  InvalidAnswer,
  ManyPending,
  NoAnswer,
  ServerProblem,
  StoreFailed,
} from './problems.js'
export { emptyProfile, type Profile, profileFromJson, profileToJson } from './profile.js'
export { type Column, type Feature, parseSpec, type Spec } from './spec.js'
export { indexedDbStore } from './store/indexeddb.js'
export { localStorageStore } from './store/localstorage.js'
export { memoryStore } from './store/memory.js'
export type { StoreKind } from './store/open.js'
export type { Body, Diff, Found, Head, Quarantine, Read, Store, StoredEvent, Write } from './store/store.js'
export type { SyncOptions } from './transport.js'
