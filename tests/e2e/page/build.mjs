/** Builds the page of the tests from the client's sources: `node build.mjs <folder> [further entry points]`. */

import { copyFileSync, mkdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { RUNTIME_FILES } from '../../../web_client/dist/model/runtime_files.js'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')
const [out, ...further] = process.argv.slice(2)

mkdirSync(out, { recursive: true })
const settings = {
  outdir: out,
  entryNames: '[name]',
  bundle: true,
  target: 'es2022',
  logLevel: 'warning',
  alias: {
    'edgefold/offline': join(root, 'web_client/src/offline/index.ts'),
    edgefold: join(root, 'web_client/src/index.ts'),
  },
}
const page = await build({
  ...settings,
  entryPoints: [join(here, 'page.ts'), join(here, 'agent.ts'), ...further],
  format: 'esm',
  splitting: true,
  metafile: true,
})
const scripts = Object.keys(page.metafile.outputs).map((path) => `./${basename(path)}`)
const define = { PRECACHE: JSON.stringify(['./', ...scripts, ...RUNTIME_FILES.map((file) => `./${file}`)]) }
await build({ ...settings, entryPoints: [join(here, 'worker.ts')], format: 'iife', define })
for (const file of ['index.html', 'agent.html']) copyFileSync(join(here, file), join(out, file))
for (const file of RUNTIME_FILES)
  copyFileSync(join(root, 'node_modules/onnxruntime-web/dist', file), join(out, file))
