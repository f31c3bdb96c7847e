/**
 * A real browser for tests: Chromium without a window, and the sources of this repository, bundled, on a
 * site of this machine.
 *
 * `playwright-core` speaks Chromium's own protocol, and brings no browser along: that is the system's.
 * `rolldown` bundles TypeScript by the `source` condition of `exports`, so nothing has to be built
 * before, and a test sees what a page would load, and how large it is.
 */
export {
  chromiumPath,
  hasChromium,
  type RunningBrowser,
  startChromium,
  startFreshChromium,
  trusting,
} from './chromium.ts';
export { bundle, type Bundle, type BundledFile, openSite, type Site } from './site.ts';
