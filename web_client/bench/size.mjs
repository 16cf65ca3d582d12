/** Bytes that a page loads, minified by esbuild and compressed by gzip: `node bench/size.mjs`.
 *
 *  Prints one line of JSON. `core` is `edgefold` whole, `pure` its `parseSpec`, `fold`, `merge` and `features` alone, `offline` the
 *  service worker's helper; `onnxruntime_js` and `onnxruntime_wasm` are what the first model loads on top. */

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const here = fileURLToPath(new URL('.', import.meta.url))
const require = createRequire(import.meta.url)
const PURE = '{ parseSpec, fold, merge, features, profileToJson, profileFromJson }'

/** What each may weigh at most. onnxruntime's own weight is its makers'. */
export const BUDGET_BYTES = { core: 44_000, pure: 12_000, offline: 1_200 }

/** Bytes of what a page loads that has this one line. */
export async function bytesOf(line, external = ['onnxruntime-web']) {
  const { outputFiles } = await build({
    stdin: { contents: line, resolveDir: here, loader: 'ts' },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    external: external.flatMap((name) => [name, `${name}/*`]),
    write: false,
    logLevel: 'error',
  })
  return gzipSync(outputFiles[0].contents, { level: 9 }).length
}

/** Every figure, in bytes. */
export async function sizes() {
  const wasm = await readFile(require.resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))
  return {
    core: await bytesOf("export * from '../src/index.ts'"),
    pure: await bytesOf(`export ${PURE} from '../src/index.ts'`),
    offline: await bytesOf("export { serveOffline } from '../src/offline/index.ts'"),
    onnxruntime_js: await bytesOf("export * from 'onnxruntime-web/wasm'", []),
    onnxruntime_wasm: gzipSync(wasm, { level: 9 }).length,
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(
    JSON.stringify({ benchmark: 'size of the page', unit: 'bytes, minified and gzip', ...(await sizes()) }),
  )
}
