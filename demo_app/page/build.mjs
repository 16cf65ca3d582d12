/** Bundle the page: `node demo_app/page/build.mjs OUTPUT`. It needs node_modules (`npm ci`), and nothing built before. */

import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build as bundle } from 'esbuild'

const page = dirname(fileURLToPath(import.meta.url))
const client = join(page, '../../web_client/src')

// The page is bundled from the client's own sources, so that it is never of another state than the checkout.
const alias = { 'edgefold/offline': join(client, 'offline/index.ts'), edgefold: join(client, 'index.ts') }

// What the shop's server adds to the files of the page.
const ANSWERS = ['./', 'demo/customers', 'demo/evaluation', 'demo/evaluation.svg']

/** Write the page's files into `output`; `more` are further options of esbuild. */
export async function build(output, more = {}) {
  const options = {
    bundle: true,
    minify: true,
    target: 'es2022',
    logLevel: 'error',
    alias,
    outdir: output,
    ...more,
  }
  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  await bundle({ ...options, entryPoints: [join(page, 'src/main.ts')], format: 'esm', splitting: true })
  await bundle({ ...options, entryPoints: [join(page, 'css/main.css')], external: ['*.woff2'] })
  for (const file of ['index.html', 'icon.svg', 'fonts/archivo.woff2']) {
    await copyFile(join(page, file), join(output, file.split('/').at(-1)))
  }
  await copyRuntime(output)
  const files = (await readdir(output)).sort()
  const define = {
    VERSION: JSON.stringify(await hashOf(output, files)),
    PRECACHE: JSON.stringify([...ANSWERS, ...files.filter((file) => file !== 'index.html')]),
  }
  await bundle({ ...options, entryPoints: [join(page, 'src/service.ts')], format: 'iife', define })
}

/** What onnxruntime-web fetches stands beside the page's script. */
async function copyRuntime(output) {
  const declared = await bundle({
    entryPoints: [alias['edgefold/offline']],
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
  })
  const { RUNTIME_FILES } = await import(
    `data:text/javascript,${encodeURIComponent(declared.outputFiles[0].text)}`
  )
  for (const file of RUNTIME_FILES) {
    await copyFile(fileURLToPath(import.meta.resolve(`onnxruntime-web/${file}`)), join(output, file))
  }
}

async function hashOf(output, files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(await readFile(join(output, file)))
  return hash.digest('hex').slice(0, 16)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await build(process.argv[2])
  } catch (error) {
    if (error.errors === undefined) console.error(error.message) // esbuild has printed its own
    process.exitCode = 1
  }
}
