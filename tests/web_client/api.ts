/** The real sync API, started as `edgefold serve` starts it, on a database that a test can put back. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Spec } from '../../web_client/src/reducer/spec.js'

const COMMAND = fileURLToPath(new URL('../../.venv/bin/edgefold', import.meta.url))
const SECRET = 'a secret of the tests, of over thirty-two bytes'

export interface Api {
  /** Where it listens, until it is restarted. */
  readonly url: () => string
  /** Stop it, keep a copy of its database, and start it again. @returns the function that puts the copy back. */
  readonly backup: () => Promise<() => Promise<void>>
  readonly stop: () => Promise<void>
}

/** Start the API for a spec. */
export async function startApi(spec: Spec): Promise<Api> {
  const folder = mkdtempSync(join(tmpdir(), 'edgefold-'))
  const [reducer, database, copy] = ['reducer.json', 'edgefold.db', 'copy.db'].map((file) =>
    join(folder, file),
  ) as [string, string, string]
  writeFileSync(reducer, spec.json)
  let running = await start(reducer, database)
  const between = async (task: () => void) => {
    await end(running.process)
    task()
    running = await start(reducer, database)
  }
  return {
    url: () => `${running.address}/v1`,
    async backup() {
      await between(() => copyFileSync(database, copy))
      return () =>
        between(() => {
          for (const suffix of ['-wal', '-shm']) rmSync(database + suffix, { force: true })
          copyFileSync(copy, database)
        })
    },
    async stop() {
      await end(running.process)
      rmSync(folder, { recursive: true })
    },
  }
}

async function start(spec: string, database: string): Promise<{ process: ChildProcess; address: string }> {
  const server = spawn(
    COMMAND,
    ['serve', '--spec', spec, '--database', `sqlite:///${database}`, '--port', '0'],
    {
      env: { ...process.env, EDGEFOLD_SECRET: SECRET, EDGEFOLD_REQUESTS_PER_SECOND: '1000' },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  return await new Promise((resolve, reject) => {
    let said = ''
    const hear = (chunk: Buffer) => {
      said += chunk
      const address = /Listening at (http:\S+);/.exec(said)?.[1]
      if (address !== undefined) resolve({ process: server, address })
    }
    server.stdout?.on('data', hear)
    server.stderr?.on('data', hear)
    server.once('exit', (code) => reject(new Error(`the API ended with ${code}: ${said}`)))
  })
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return
  const ended = new Promise((resolve) => server.once('exit', resolve))
  server.kill('SIGTERM')
  await ended
}

/** Return a token of a subject (RFC 7519, HS256). */
export function tokenOf(subject: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  const exp = Math.floor(Date.now() / 1_000) + 3_600
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ iss: 'edgefold', sub: subject, exp })}`
  return `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`
}
