/** Edgefold in a page: fold events into a profile on the device, and score the model there. */

export * from './bundle/index.js'
export type { Client, ClientEvents, ClientOptions, ScoreResult, Status } from './client/client.js'
export { ClockFailed, InvalidOptions } from './client/errors.js'
export { openClient } from './client/open.js'
export type { Counts } from './log/counts.js'
export {
  ClientClosed,
  ClientError,
  ClockMended,
  EventsQuarantined,
  ManyPending,
  Outdated,
  StoreFailed,
} from './log/errors.js'
export { indexedDbStore } from './log/store/indexeddb.js'
export { localStorageStore } from './log/store/localstorage.js'
export { memoryStore } from './log/store/memory.js'
export type { StoreKind } from './log/store/open.js'
export type {
  Body,
  Diff,
  Found,
  Head,
  Quarantine,
  Read,
  Store,
  StoredEvent,
  Write,
} from './log/store/store.js'
export * from './model/index.js'
export { createLifecycle, type Lifecycle, type Presence } from './platform/lifecycle.js'
export { add, type Carried, carry, keep, mergeKept, type Since, sinceOf } from './reducer/carry.js'
export {
  InvalidAttribute,
  InvalidEvent,
  InvalidProfile,
  InvalidReplica,
  InvalidSpec,
  ReadOutTooEarly,
  ReducerError,
  SpecMismatch,
} from './reducer/errors.js'
export { type FeaturesOptions, features } from './reducer/features.js'
export { type FoldOptions, fold, merge } from './reducer/fold.js'
export { type Entry, type Kept, keptFromJson, keptToJson } from './reducer/kept.js'
export { emptyProfile, type Profile, profileFromJson, profileToJson } from './reducer/profile.js'
export { type Column, type Feature, parseSpec, type Spec } from './reducer/spec.js'
export type { SyncReport } from './sync/courier.js'
export { ForeignAnswer, InvalidAnswer, NoAnswer, ServerProblem, SubjectMismatch } from './sync/errors.js'
export type { SyncOptions } from './sync/transport.js'
