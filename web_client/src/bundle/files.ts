/** The files of a bundle, verified against its manifest by size and SHA-256. */

import { sha256 } from '../reducer/sha256.js'
import { InvalidBundle } from './errors.js'
import { type BundleFile, MANIFEST_FILE, type Manifest, parseManifest } from './manifest.js'

/** Every file of a bundle by name, `manifest.json` among them. */
export type BundleFiles = Readonly<Record<string, Uint8Array>>

/** A manifest, and those of its files that are known to be what it says. */
export interface BundleContent {
  readonly manifest: Manifest
  readonly manifestBytes: Uint8Array
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The sync API's word on which of two versions is in effect: the one with the larger number; null of another source. */
  readonly release: number | null
}

/** Return the content of files that are all at hand. `onFile` is called with each as it is verified, with `first` before the others.
 *
 *  @throws InvalidBundle a file is missing, damaged, or not what the manifest says. */
export async function contentOf(
  given: BundleFiles,
  first = '',
  onFile: (content: BundleContent, name: string) => void = () => {},
): Promise<BundleContent> {
  const manifestBytes = fileOf(given, MANIFEST_FILE)
  const manifest = parseManifest(manifestBytes)
  const files = new Map<string, Uint8Array>()
  const declared = [...manifest.files].sort(([a], [b]) => Number(b === first) - Number(a === first))
  for (const [name, file] of declared) {
    const bytes = fileOf(given, name)
    await checkFile(name, bytes, file)
    files.set(name, bytes)
    onFile({ manifest, manifestBytes, files, release: null }, name)
  }
  return { manifest, manifestBytes, files, release: null }
}

/** Throw InvalidBundle unless bytes have the declared size and hash. */
export async function checkFile(name: string, bytes: Uint8Array, declared: BundleFile): Promise<void> {
  const found = await sha256Of(bytes)
  if (bytes.length !== declared.bytes || found !== declared.sha256) {
    throw new InvalidBundle(
      name,
      `${bytes.length} bytes, SHA-256 ${found}`,
      `${declared.bytes}, ${declared.sha256}`,
    )
  }
}

/** Return the SHA-256 of bytes in lower-case hex, by the platform where it has one: insecure contexts do not. */
export async function sha256Of(bytes: Uint8Array): Promise<string> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle
  if (subtle === undefined) return sha256(bytes)
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>))
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

function fileOf(files: BundleFiles, name: string): Uint8Array {
  const bytes = Object.hasOwn(files, name) ? files[name] : undefined
  if (bytes === undefined) throw new InvalidBundle(name, null, 'a file of the bundle')
  return bytes
}
