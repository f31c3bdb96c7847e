/** What goes wrong with snapshots, as errors of a storage. */
import { CompactedError, describeError, type SnapshotId, StorageFailedError } from '@quorate/core';

/** A step on a file did not work. */
export function failed(what: string, cause: unknown): StorageFailedError {
  return new StorageFailedError(`${what}: ${describeError(cause)}; mend the disk and try again`, {
    cause,
  });
}

/** There is no such snapshot any more. */
export function gone(id: SnapshotId): CompactedError {
  return new CompactedError(`snapshot ${id} is gone or was never published; read the current one`);
}
