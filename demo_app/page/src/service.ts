/** The page's service worker: what the page is made of, kept for when there is no network. */

import { serveOffline } from 'edgefold/offline'

serveOffline()
