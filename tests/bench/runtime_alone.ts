/** A page that runs the model by onnxruntime-web alone, on a row of zeros: sets `firstScoreMs` since navigation. */

import * as ort from 'onnxruntime-web/wasm'

ort.env.wasm.numThreads = 1
ort.env.wasm.wasmPaths = { wasm: '/ort-wasm-simd-threaded.wasm' }
const [manifest, model] = await Promise.all([
  fetch('/bundle/manifest.json').then((answer) => answer.json()),
  fetch('/bundle/model.onnx').then((answer) => answer.arrayBuffer()),
])
const session = await ort.InferenceSession.create(new Uint8Array(model))
const feeds: Record<string, ort.Tensor> = {}
for (const { name, type, shape } of manifest.model.inputs) {
  const size = shape[1]
  feeds[name] =
    type === 'string'
      ? new ort.Tensor('string', Array(size).fill(''), [1, size])
      : new ort.Tensor('float64', new Float64Array(size), [1, size])
}
await session.run(feeds)
Object.assign(window, { firstScoreMs: performance.now() })
