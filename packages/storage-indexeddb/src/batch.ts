/**
 * What one transaction does to the records and the state: the steps of the writes that it carries, and
 * the head that goes with them.
 */
import { type SnapshotInfo, type StorageOp, unreachable } from '@quorate/core';
import type { IdbKeyRanges, IdbRequest } from './browser.ts';
import {
  encodeHead,
  encodePublished,
  encodeState,
  type Head,
  type NamedKey,
  namedPlace,
  recordPlace,
  seal,
} from './format.ts';
import { answer, type Stores } from './transaction.ts';

/** Bytes given to the browser before the event loop gets a turn: about a millisecond of work. */
const sliceBytes = 512 * 1024;

/** The records and the published snapshots before or after a transaction. */
export interface Contents {
  readonly head: Head;
  /** Newest first. */
  readonly published: readonly SnapshotInfo[];
}

/**
 * Applies steps, in order.
 *
 * @param publish gives the list of published snapshots after a step, from the one before.
 * @returns what is there once the transaction is committed.
 */
export async function applySteps(
  stores: Stores,
  keyRanges: IdbKeyRanges,
  steps: readonly StorageOp[],
  before: Contents,
  publish: (
    step: StorageOp & { readonly type: 'snapshot' },
    published: readonly SnapshotInfo[],
  ) => readonly SnapshotInfo[],
): Promise<Contents> {
  const meta = stores('meta');
  const records = stores('records');
  const presence = before.head.presence.copy();
  let { largestRecordBytes, stateVersion, publishedVersion } = before.head;
  let { published } = before;
  let state: Uint8Array | undefined;
  let unsliced = 0;

  const putNamed = (key: NamedKey, content: Uint8Array): IdbRequest<unknown> =>
    meta.put(seal(namedPlace('meta', key), content), key);

  for (const step of steps) {
    switch (step.type) {
      case 'put': {
        const { index, record } = step;
        const request = records.put(seal(recordPlace(index), record), index);
        if (presence.empty) largestRecordBytes = 0;
        presence.put(index);
        largestRecordBytes = Math.max(largestRecordBytes, record.length);
        unsliced += record.length;
        if (unsliced >= sliceBytes) {
          unsliced = 0;
          await answer(request);
        }
        break;
      }
      case 'state':
        state = step.bytes;
        break;
      case 'dropAfter':
        if (presence.mayHold({ first: step.index + 1, last: Infinity })) {
          records.delete(keyRanges.lowerBound(step.index, true));
        }
        presence.dropAfter(step.index);
        break;
      case 'dropBefore':
        if (presence.mayHold({ first: 0, last: step.index - 1 })) {
          records.delete(keyRanges.upperBound(step.index, true));
        }
        presence.dropBefore(step.index);
        break;
      case 'snapshot':
        published = publish(step, published);
        break;
      default:
        unreachable(step);
    }
  }
  if (state !== undefined) putNamed('state', encodeState(++stateVersion, state));
  if (published !== before.published) {
    putNamed('published', encodePublished(++publishedVersion, published));
  }
  const head = { presence, largestRecordBytes, stateVersion, publishedVersion };
  putNamed('head', encodeHead(head));
  return { head, published };
}
