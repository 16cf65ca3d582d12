import { expect, test } from 'vitest'
import { openModel } from '../../../web_client/src/model/index.js'
import { readBundle } from '../bundles.js'

test('WebAssembly that the browser does not start is no fault of the model', async () => {
  const broken = new Uint8Array([0x00, 0x61, 0x73, 0x6d, 9, 0, 0, 0])
  const opening = openModel(readBundle('tree')['model.onnx'] as Uint8Array, { wasm: broken })
  await expect(opening).rejects.toThrow(
    expect.objectContaining({
      name: 'RuntimeNotLoaded',
      remedy: expect.stringContaining('load the page again'),
    }),
  )
})
