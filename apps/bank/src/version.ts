/** The version of this program, out of its package.json, which lies beside `src` and `dist` alike. */
import { versionIn } from '@quorate/program';

export const version: string = versionIn(new URL('../package.json', import.meta.url));
