/**
 * The version of this program, out of its package.json, which lies beside `src` and `dist` alike.
 */
import { readFileSync } from 'node:fs';

/** The version, such as `1.2.3`. */
export const version: string = readVersion();

function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  const found =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest
      ? manifest.version
      : undefined;
  return typeof found === 'string' ? found : 'unknown';
}
