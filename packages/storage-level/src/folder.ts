/**
 * The folder of one node, and what its mark says.
 *
 *     quorate.json    the mark: whose data this is, and what is known to be durable
 *     lock            locked as long as the folder is open
 *     db/             the LevelDB database
 *     snapshots/      contents of snapshots, a file each
 *
 * The mark is written again whenever more is known: after a good end, so that whatever is gone at
 * the next start is damage and not the torn end of a write, and after a start that found more than
 * the mark knew.
 */
import { CorruptError, ForeignDataError, fromUtf8, type StorageOwner } from '@quorate/core';
import {
  type FileSystem,
  type FolderKind,
  markPath,
  readMark,
  readUpTo,
  writeMark,
} from '@quorate/files';
import { formatVersion } from './format.ts';

const kind: FolderKind = {
  storage: 'level',
  format: formatVersion,
  names: ['db', 'snapshots', 'lock'],
};

/** Paths within the folder of a node. */
export interface Folder {
  readonly path: string;
  readonly lock: string;
  readonly database: string;
  readonly snapshots: string;
}

export function folderAt(path: string): Folder {
  return {
    path,
    lock: `${path}/lock`,
    database: `${path}/db`,
    snapshots: `${path}/snapshots`,
  };
}

/** What is known to be durable. A folder with less in it has lost something. */
export interface Durable {
  /** Number of the last batch. */
  readonly batch: number;
  /** Number of LevelDB's last log and how far it reached, when it was closed; 0: not known. */
  readonly log: number;
  readonly logBytes: number;
}

/** Of the log nothing is known. */
export const logUnknown: Omit<Durable, 'batch'> = { log: 0, logBytes: 0 };

/**
 * Looks whose folder it is, and changes nothing.
 *
 * @returns what is known to be durable; `undefined` where the folder has not been in use.
 * @throws ForeignDataError if it belongs to somebody else.
 * @throws CorruptError if the mark cannot be read, or the database is gone.
 */
export async function inspectFolder(
  files: FileSystem,
  folder: Folder,
  owner: StorageOwner,
): Promise<Durable | undefined> {
  let mark: Awaited<ReturnType<typeof readMark>>;
  try {
    mark = await readMark(files, folder.path, kind, owner);
  } catch (error) {
    if (error instanceof CorruptError) await refuseFormat1(files, folder);
    throw error;
  }
  if (mark === undefined) return undefined;
  if ((await files.list(folder.database)).length === 0) {
    throw new CorruptError(
      `the database at ${folder.database} is gone; restore this node from its peers`,
    );
  }
  return durableIn(folder, mark['durable']);
}

/** Makes the folders that are missing, and those that are there private. */
export async function makeFolders(files: FileSystem, folder: Folder): Promise<void> {
  await files.makeFolder(folder.path);
  await files.makeFolder(folder.database);
  await files.makeFolder(folder.snapshots);
}

/** Marks the folder as in use, and what is durable in it. */
export async function markFolder(
  files: FileSystem,
  folder: Folder,
  owner: StorageOwner,
  durable: Durable,
): Promise<void> {
  await writeMark(files, folder.path, kind, owner, { durable });
}

function durableIn({ path }: Folder, value: unknown): Durable {
  const fields: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  const number = (name: keyof Durable): number => {
    const field = fields[name];
    if (typeof field === 'number' && Number.isSafeInteger(field) && field >= 0) return field;
    throw new CorruptError(
      `${markPath(path)} does not say what is durable (${name}); restore this node from its peers`,
    );
  };
  return { batch: number('batch'), log: number('log'), logBytes: number('logBytes') };
}

/** The marks of format 1 had no checksum: such a folder is not damaged, it is of another version. */
async function refuseFormat1(files: FileSystem, folder: Folder): Promise<void> {
  let mark: unknown;
  try {
    const file = await files.open(markPath(folder.path), 'read');
    try {
      mark = JSON.parse(fromUtf8(await readUpTo(file, 4096, 0)));
    } finally {
      await file.close();
    }
  } catch {
    return;
  }
  if (typeof mark !== 'object' || mark === null || 'checksum' in mark) return;
  if (!('storage' in mark) || mark.storage !== 'level' || !('format' in mark)) return;
  if (mark.format !== 1) return;
  throw new ForeignDataError(
    `${folder.path} holds storage "level" in format 1, this is format ${String(formatVersion)}; use the version that wrote it, or an empty folder`,
  );
}
