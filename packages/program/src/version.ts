/** The version of a program, out of its package.json. */
import { readFileSync } from 'node:fs';

/** @param manifest where the package.json is. @returns the version, such as `1.2.3` */
export function versionIn(manifest: URL): string {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version?: unknown };
  return typeof version === 'string' ? version : 'unknown';
}
