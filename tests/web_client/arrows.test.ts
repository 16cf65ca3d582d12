import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const SOURCE = fileURLToPath(new URL('../../web_client/src/', import.meta.url))

/** What each folder may import: a folder, or one file of it. Circles inside a folder are Biome's noImportCycles. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  reducer: [],
  model: ['reducer/errors'],
  // What another tab or a journal says is JSON to be checked.
  platform: ['reducer/errors', 'reducer/canonical'],
  offline: ['model/runtime_files'],
  bundle: ['model', 'platform', 'reducer'],
  log: ['platform', 'reducer'],
  testing: ['log', 'platform', 'reducer'],
  sync: ['log', 'platform', 'reducer'],
  client: ['bundle', 'log', 'model', 'platform', 'reducer', 'sync'],
}

type Files = ReadonlyMap<string, string>

/** Every source file's text, by its path below `src`. */
function sourceFiles(): Files {
  const paths = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.ts'),
  )
  return new Map(paths.map((path) => [path, readFileSync(SOURCE + path, 'utf8')]))
}

/** Return the imports that no arrow allows, as `from -> to`; a package by its name. */
function faults(files: Files): readonly string[] {
  return [...files].flatMap(([path, text]) => {
    const folder = path.split('/')[0] as string
    // The public names at the top are taken from everywhere.
    if (folder === path) return []
    return importsOf(path, text)
      .filter((target) => !isAllowed(folder, target))
      .map((target) => `${path} -> ${target}`)
  })
}

function importsOf(path: string, text: string): readonly string[] {
  const found = text.matchAll(/^(?:import|export)\b(?:[^'"=;]*?\bfrom)?\s*'([^']+)'|\bimport\(\s*'([^']+)'/gm)
  return [...found].map(([, always, lazily]) => {
    const name = always ?? lazily ?? ''
    return name.startsWith('.') ? posix.join(posix.dirname(path), name).replace(/\.js$/, '') : name
  })
}

function isAllowed(folder: string, target: string): boolean {
  const allowed = [folder, ...(ARROWS[folder] ?? [])]
  if (allowed.some((arrow) => target === arrow || target.startsWith(`${arrow}/`))) return true
  // One runtime of the model is a package, and loaded only when it is needed.
  return folder === 'model' && target.startsWith('onnxruntime-web')
}

describe('the folders of the client', () => {
  test('import only what their arrows allow', () => {
    expect(faults(sourceFiles())).toEqual([])
  })

  test('each have their arrows written down', () => {
    const folders = new Set(
      [...sourceFiles().keys()].filter((path) => path.includes('/')).map((path) => path.split('/')[0]),
    )
    expect([...folders].filter((folder) => !Object.hasOwn(ARROWS, String(folder)))).toEqual([])
  })

  test.each([
    ['reducer/spec.ts', "import { report } from '../log/errors.js'\n", 'log/errors'],
    ['reducer/aggregates/base.ts', "import type { Log } from '../../log/log.js'\n", 'log/log'],
    ['reducer/sha256.ts', "import { createHash } from 'node:crypto'\n", 'node:crypto'],
    ['platform/lock.ts', "export * from '../reducer/spec.js'\n", 'reducer/spec'],
    ['model/model.ts', "const lazy = () => import('../bundle/open.js')\n", 'bundle/open'],
    ['log/log.ts', "import '../sync/seal.js'\n", 'sync/seal'],
    ['sync/seal.ts', "import {\n  type Client,\n} from '../client/client.js'\n", 'client/client'],
  ])('are seen to break them: %s with %j', (path, line, target) => {
    const files = sourceFiles()
    expect(faults(new Map([[path, line + files.get(path)]]))).toEqual([`${path} -> ${target}`])
  })
})
