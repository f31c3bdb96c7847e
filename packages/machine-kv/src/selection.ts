/**
 * Which keys a selection means.
 */
import { unreachable } from '@quorate/core';
import type { KvSelection } from './commands.ts';
import { compareCodePoints, prefixEnd } from './keys.ts';

/** Keys from `from` (included) to `to` (excluded; undefined: no end). */
export interface Bounds {
  readonly from: string;
  readonly to: string | undefined;
}

/** Where a selection of several keys begins and ends. */
export function boundsOf(selection: Exclude<KvSelection, { readonly type: 'key' }>): Bounds {
  if (selection.type === 'prefix') {
    return { from: selection.prefix, to: prefixEnd(selection.prefix) };
  }
  return { from: selection.from, to: selection.to === '' ? undefined : selection.to };
}

/** Whether a key is one of those selected. */
export function selects(selection: KvSelection, key: string): boolean {
  switch (selection.type) {
    case 'key':
      return key === selection.key;
    case 'prefix':
      return key.startsWith(selection.prefix);
    case 'range':
      return (
        compareCodePoints(key, selection.from) >= 0 &&
        (selection.to === '' || compareCodePoints(key, selection.to) < 0)
      );
    default:
      return unreachable(selection);
  }
}
