/** What goes wrong before any model runs. A start that failed is final for a process: these tests are a file of their own. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openModel, RUNTIME_FILES } from '../../../web_client/src/model/index.js'
import { readBundle, type Server, serve } from '../bundles.js'

const files = readBundle('tree')
const bytes = files['model.onnx'] as Uint8Array
const require = createRequire(new URL('../../../web_client/package.json', import.meta.url))
const wasm = new Uint8Array(readFileSync(require.resolve(`onnxruntime-web/${RUNTIME_FILES[0]}`)))
const path = `/ort/${RUNTIME_FILES[0]}`

let server: Server
beforeAll(async () => {
  server = await serve(files)
})
afterAll(() => server.close())

const notLoaded = (reason: string) =>
  expect.objectContaining({
    name: 'RuntimeNotLoaded',
    reason: expect.stringContaining(reason),
    remedy: expect.stringContaining("'wasm-unsafe-eval'"),
  })

test('a runtime that is not served is named with its URL and what to do', async () => {
  await expect(openModel(bytes, { wasm: `${server.url}/ort` })).rejects.toThrow(
    notLoaded(`${server.url}${path}: status 404`),
  )
})

test("a server's page in place of the runtime is told apart", async () => {
  server.files.set(path, new TextEncoder().encode('<!doctype html>'))
  await expect(openModel(bytes, { wasm: `${server.url}/ort/` })).rejects.toThrow(notLoaded('no WebAssembly'))
})

test('after failed downloads the runtime loads from its folder, and then fetches nothing more', async () => {
  server.files.set(path, wasm)
  server.requests.length = 0
  const model = await openModel(bytes, { wasm: `${server.url}/ort/` })
  expect(model.inputs.length).toBeGreaterThan(0)
  await (await openModel(bytes, { wasm: `${server.url}/ort/` })).close()
  expect(server.requests).toEqual([path])
})
