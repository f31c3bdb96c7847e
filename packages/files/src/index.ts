/**
 * The file system as a port, and what storages on files share: a mark on the folder, a queue of
 * writes, a life, and snapshots in files.
 *
 * @packageDocumentation
 */
export { crc32 } from './checksum.ts';
export {
  type File,
  type FileSystem,
  folderOf,
  hasCode,
  type OpenMode,
  readUpTo,
  writeAll,
  writeAllDurably,
} from './file-system.ts';
export { withoutSecondSync } from './folder-syncs.ts';
export { type JsonFields, readJsonFile, writeJsonFile } from './json-file.ts';
export { Lifecycle, type LifecycleSteps } from './lifecycle.ts';
export {
  anyMark,
  checkKind,
  checkOwner,
  type FolderKind,
  markPath,
  ownerIn,
  readMark,
  writeMark,
} from './mark.ts';
export { nodeFileSystem } from './node.ts';
export { snapshotFlaw } from './snapshots/flaw.ts';
export { fileName as snapshotFileName } from './snapshots/file-names.ts';
export { blockBytes, fileBytes } from './snapshots/snapshot-file.ts';
export { SnapshotFiles, type SnapshotFilesSetup } from './snapshots/snapshot-store.ts';
export { type QueuedWrite, WriteQueue, type WriteQueueSetup } from './write-queue.ts';
