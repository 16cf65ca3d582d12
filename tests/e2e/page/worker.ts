import { serveOffline } from 'edgefold/offline'

/** Every file of the page, put in by the build. */
declare const PRECACHE: readonly string[]

serveOffline({ version: '1', precache: PRECACHE })
