/** A page that asks the test that opened it for its commands: a function's source and an argument; it answers with the result. */

import * as edgefold from 'edgefold'
import * as device from './device.js'

interface Command {
  readonly number: number
  readonly script: string
  readonly argument: unknown
}

const query = new URLSearchParams(location.search)
const tab = query.get('tab')
const socket = new WebSocket(`ws://127.0.0.1:${query.get('control')}`)

/** Tell the test something unasked. It is read even where the page goes away at once. */
function note(told: unknown): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ note: told }))
}

async function run({ number, script, argument }: Command): Promise<void> {
  try {
    const call = new Function(`return (${script})`)() as (argument: unknown) => unknown
    socket.send(JSON.stringify({ number, value: await call(argument) }))
  } catch (error) {
    const told =
      error instanceof Error ? `${error.name}: ${error.message}\n${error.stack ?? ''}` : String(error)
    socket.send(JSON.stringify({ number, error: told }))
  }
}

socket.onopen = () => socket.send(JSON.stringify({ tab }))
socket.onmessage = ({ data }) => void run(JSON.parse(data as string) as Command)
Object.assign(window, { edgefold, device, note })
