// Score bundles by onnxruntime-web: one JSON line in, {"path", "numbers", "strings"}; one out, {"label", "probabilities"}.
// A double travels as the hex digits of its bits, since JSON has no NaN.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import * as ort from 'onnxruntime-web/wasm'

ort.env.wasm.numThreads = 1

/** Return the doubles whose little-endian bytes are `hex`. */
function doubles(hex) {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
  return new Float64Array(bytes.buffer)
}

for await (const line of createInterface({ input: process.stdin })) {
  const { path, rows, numbers, strings } = JSON.parse(line)
  const session = await ort.InferenceSession.create(readFileSync(path))
  const feeds = {}
  if (numbers !== null) {
    const values = doubles(numbers)
    feeds.numbers = new ort.Tensor('float64', values, [rows, values.length / rows])
  }
  if (strings !== null) feeds.strings = new ort.Tensor('string', strings, [rows, strings.length / rows])
  const { label, probabilities } = await session.run(feeds)
  const bytes = Buffer.from(probabilities.data.buffer, probabilities.data.byteOffset, probabilities.data.byteLength)
  console.log(JSON.stringify({ label: Array.from(label.data), probabilities: bytes.toString('hex') }))
}
