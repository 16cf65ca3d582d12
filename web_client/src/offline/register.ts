/** The page's side: start the service worker, and know when the page works offline. */

/** A service worker that did not install: a file of its `precache` was not there, or its script failed. */
export class OfflineNotInstalled extends Error {
  override readonly name = 'OfflineNotInstalled'

  constructor(
    readonly url: string,
    options?: ErrorOptions,
  ) {
    super(
      `the service worker ${url} was not installed; expected its script and every file of its precache to be served. ` +
        'The page works, but not offline.',
      options,
    )
  }
}

/** Register a service worker; resolves when it is active, from when on the page opens without a network.
 *
 *  @returns null where the browser has none, as on a page that is neither https nor localhost.
 *  @throws OfflineNotInstalled its script or a file of its precache could not be stored. */
export async function registerOffline(url: string): Promise<ServiceWorkerRegistration | null> {
  const container: ServiceWorkerContainer | undefined = globalThis.navigator?.serviceWorker
  if (container === undefined) return null
  let registration: ServiceWorkerRegistration
  try {
    registration = await container.register(url, { updateViaCache: 'none' })
  } catch (error) {
    throw new OfflineNotInstalled(url, { cause: error })
  }
  const first = registration.active === null ? (registration.installing ?? registration.waiting) : null
  if (first !== null) await activated(first, url)
  return registration
}

function activated(worker: ServiceWorker, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (worker.state === 'activated') resolve()
      else if (worker.state === 'redundant') reject(new OfflineNotInstalled(url))
    }
    worker.addEventListener('statechange', look)
    look()
  })
}
