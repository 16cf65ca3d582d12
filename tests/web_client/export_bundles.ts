/** Before the tests: export the bundles they open, by the Python exporter, unless they are there and newer than it. */

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const ARTIFACTS = join(ROOT, '.artifacts')
const EXPORT = `
import sys
from pathlib import Path
from tests.bundles import linear_bundle, tree_bundle
tree_bundle(Path(sys.argv[1], "tree"))
linear_bundle(Path(sys.argv[1], "linear"))
`

/** One folder a bundle. */
export const BUNDLES = join(ARTIFACTS, 'test-bundles')

const SOURCES = ['tests/bundles.py', ...['exporter', 'reducer', 'serving'].map((folder) => `${folder}/src`)]

export function setup(): void {
  const newest = Math.max(...SOURCES.map((path) => changedAt(join(ROOT, path))))
  if (changedAt(join(BUNDLES, 'linear', 'manifest.json')) > newest) return
  mkdirSync(ARTIFACTS, { recursive: true })
  const fresh = mkdtempSync(join(ARTIFACTS, 'export-'))
  execFileSync(python(), ['-c', EXPORT, fresh], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] })
  rmSync(BUNDLES, { recursive: true, force: true })
  renameSync(fresh, BUNDLES)
}

/** When a file, or the newest Python file of a folder, was changed; 0 where it is not there. */
function changedAt(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false })
  if (status === undefined) return 0
  if (!status.isDirectory()) return status.mtimeMs
  const inside = readdirSync(path).filter((name) => name.endsWith('.py') || !name.includes('.'))
  return Math.max(
    0,
    ...inside.filter((name) => name !== '__pycache__').map((name) => changedAt(join(path, name))),
  )
}

/** The environment's interpreter: the checkout's own, the activated one, or the one on the PATH. */
function python(): string {
  const homes = [join(ROOT, '.venv'), process.env.VIRTUAL_ENV].filter((home) => home !== undefined)
  const found = homes.map((home) => join(home, 'bin', 'python')).find((path) => existsSync(path))
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'python3'))
  const python = found ?? onPath.find((path) => existsSync(path))
  if (python === undefined)
    throw new Error('no Python was found in .venv, VIRTUAL_ENV or PATH; expected one to export bundles')
  return python
}
