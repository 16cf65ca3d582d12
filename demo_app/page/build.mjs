/** Bundle the page: `node demo_app/page/build.mjs OUTPUT`. Needs `npm ci` and `npm run build -w web_client` first. */

import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const page = dirname(fileURLToPath(import.meta.url))
const runtime = join(page, '../../node_modules/onnxruntime-web/dist')

/** Write the page's files into `output`. `more` are further options of esbuild. */
export async function build(output, more = {}) {
  const { build: bundle } = await import('esbuild')
  const shared = { bundle: true, minify: true, sourcemap: true, target: 'es2022', format: 'esm', logLevel: 'warning', ...more }
  await mkdir(output, { recursive: true })
  await bundle({ ...shared, entryPoints: [join(page, 'src/main.ts')], outdir: output, splitting: true })
  await bundle({ ...shared, entryPoints: [join(page, 'src/service.ts')], outdir: output, format: 'iife' })
  await bundle({ ...shared, entryPoints: [join(page, 'css/main.css')], outdir: output, external: ['*.woff2'] })
  for (const file of ['index.html', 'icon.svg', 'fonts/archivo.woff2']) {
    await copyFile(join(page, file), join(output, file.split('/').at(-1)))
  }
  // A model of other operators than the built-in runtime's is run by WebAssembly.
  for (const file of await readdir(runtime)) {
    if (/^ort-wasm-simd-threaded\.(wasm|mjs)$/.test(file)) await copyFile(join(runtime, file), join(output, file))
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build(process.argv[2])
