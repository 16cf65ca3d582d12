/** The files that onnxruntime fetches: an app copies them to where it serves its script, and precaches them. */

/** The version of onnxruntime-web that this package pins. A folder of that name keeps two versions' files apart. */
export const RUNTIME_VERSION = '1.30.0'

/** What the entry `onnxruntime-web/wasm` fetches when it runs in one thread: its script holds the rest. */
export const RUNTIME_FILES = ['ort-wasm-simd-threaded.wasm'] as const
