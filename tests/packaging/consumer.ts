// A program of a user of the npm package: it type-checks strictly, without skipLibCheck, and runs in Node.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type BundleFiles,
  features,
  fold,
  type Manifest,
  merge,
  openBundle,
  type Profile,
  parseSpec,
  profileToJson,
  type ScoringBundle,
  type Spec,
} from 'edgefold'
import { type OfflineOptions, RUNTIME_FILES, serveOffline } from 'edgefold/offline'

const folder = process.argv[2] ?? ''
const files: BundleFiles = Object.fromEntries(
  readdirSync(folder).map((name) => [name, new Uint8Array(readFileSync(join(folder, name)))]),
)
const bundle: ScoringBundle = await openBundle(files)
const manifest: Manifest = bundle.manifest
const spec: Spec = parseSpec(bundle.spec.json)
const event = { type: 'order', time: 1_767_225_600_000, data: { amount: 19.99, quantity: 1, gift: false, genre: 'jazz' } }
const profile: Profile = merge(spec, fold(spec, [event]), fold(spec, []))
const row: Record<string, number | string | null> = features(spec, profile, event.time + 1)
const { score, label } = await bundle.score(row)
const options: OfflineOptions = { version: String(manifest.version), precache: [...RUNTIME_FILES] }
await bundle.close()
console.log(JSON.stringify({ profile: profileToJson(profile), row, score, label, options, offline: typeof serveOffline }))
