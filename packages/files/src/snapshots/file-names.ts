/**
 * Names of the files of snapshots:
 *
 *     17.snapshot           the content of snapshot 17, published or about to be
 *     18.NAME.partial       what was staged as 18 under a name, to be taken up again
 */
import type { SnapshotId } from '@quorate/core';

/** Content that was staged under a name. */
export interface Partial {
  readonly id: SnapshotId;
  readonly name: string;
}

/** Name of the file with the content of a snapshot. */
export function fileName(id: SnapshotId): string {
  return `${id}.snapshot`;
}

/** Name of the file with what was staged under a name. */
export function partialName({ id, name }: Partial): string {
  return `${id}.${name}.partial`;
}

/** Of several that were staged under names the one that was begun last. */
export function newestPartial(fileNames: readonly string[]): Partial | undefined {
  let newest: Partial | undefined;
  for (const file of fileNames) {
    const [, id, name] = /^(\d+)\.([A-Za-z0-9-]+)\.partial$/.exec(file) ?? [];
    if (id === undefined || name === undefined) continue;
    if (newest === undefined || Number(id) > Number(newest.id)) newest = { id, name };
  }
  return newest;
}
