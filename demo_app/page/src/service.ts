/** The page's service worker. The build names the set of files and, by their hash, the version. */

import { serveOffline } from 'edgefold/offline'

declare const VERSION: string
declare const PRECACHE: readonly string[]

serveOffline({ version: VERSION, precache: PRECACHE })
