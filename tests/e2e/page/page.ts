/** A page that does what the tests tell it: `page.evaluate` finds the library as `window.edgefold`. */

import * as edgefold from 'edgefold'
import { registerOffline } from 'edgefold/offline'

Object.assign(window, { edgefold, registerOffline })
