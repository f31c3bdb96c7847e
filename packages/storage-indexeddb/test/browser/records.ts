/** What is written in a browser: records and snapshots that can be told from any others. */
import { seededRandom, type StorageOwner } from '@quorate/core';
import { indexedDbStorage, type IndexedDbStorage } from '../../src/index.ts';
import type { OpenOutcome } from './protocol.ts';

export const owner: StorageOwner = { cluster: 'browser', node: 'n1', algorithm: 'raft' };

/** The record at an index. */
export function recordAt(index: number): Uint8Array {
  return new Uint8Array(100).fill(index % 251);
}

/** The content of every snapshot: bytes that no browser makes smaller. */
export function snapshotContent(bytes: number): Uint8Array {
  const random = seededRandom(7);
  return Uint8Array.from({ length: bytes }, () => random.below(256));
}

/** Opens a storage, and says what it found. */
export async function openStorage(
  name: string,
  locks?: 'none',
): Promise<{ readonly outcome: OpenOutcome; readonly storage: IndexedDbStorage | undefined }> {
  const storage = indexedDbStorage(locks === undefined ? { name } : { name, locks });
  try {
    const { records, snapshot } = await storage.open(owner);
    const { abilities } = storage;
    if (abilities === undefined) throw new Error('an open storage knows its browser');
    return { outcome: { records, snapshot: snapshot?.bytes, abilities }, storage };
  } catch (error) {
    return { outcome: { code: codeOf(error) }, storage: undefined };
  }
}

/** The code of an error, or the error itself as text. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
