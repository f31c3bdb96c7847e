/** Where the repository is. */
import { fileURLToPath } from 'node:url';

/** Its root; this file lies equally deep among the sources and when it is built. */
export const root: string = fileURLToPath(new URL('../../..', import.meta.url)).replace(
  /[/\\]$/,
  '',
);
