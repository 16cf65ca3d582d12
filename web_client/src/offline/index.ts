/** `edgefold/offline`: a page and its model without a network. */

export { RUNTIME_FILES, RUNTIME_VERSION } from '../model/runtime_files.js'
export { OfflineNotInstalled, registerOffline } from './register.js'
export { type OfflineOptions, serveOffline } from './worker.js'
