/**
 * The folder of one node, and the mark that makes it ours.
 *
 *     quorate.json    the mark: whose data this is, for people and for the next open
 *     db/             the LevelDB database
 *     snapshots/      contents of snapshots, a file each
 *
 * The mark is written last, when the database exists durably. So a folder with a mark whose database
 * is gone has lost it, and the node must not start as if it were new; a folder without a mark is
 * empty, was left by a first start that did not get through, or belongs to somebody else.
 */
import { join } from 'node:path';
import {
  CorruptError,
  describeError,
  ForeignDataError,
  fromUtf8,
  type StorageOwner,
  utf8,
} from '@quorate/core';
import { hasCode, listFolder, makeFolder, readSmallFile, writeWholeFile } from './files.ts';
import { formatVersion } from './format.ts';

const markName = 'quorate.json';
const maxMarkBytes = 4096;
/** What a first start may leave behind, and what file systems put there themselves. */
const harmless = new Set(['db', 'snapshots', `${markName}.tmp`, 'lost+found']);

/** Paths within the folder of a node. */
export interface Folder {
  readonly path: string;
  readonly database: string;
  readonly snapshots: string;
}

export function folderAt(path: string): Folder {
  return { path, database: join(path, 'db'), snapshots: join(path, 'snapshots') };
}

/**
 * Looks whose folder it is, and changes nothing.
 *
 * @returns whether it has been in use.
 * @throws ForeignDataError if it belongs to somebody else.
 * @throws CorruptError if the mark cannot be read.
 */
export async function inspectFolder(folder: Folder, owner: StorageOwner): Promise<boolean> {
  const names = await listFolder(folder.path);
  if (!names.includes(markName)) {
    const strange = names.find((name) => !harmless.has(name));
    if (strange === undefined) return false;
    throw new ForeignDataError(
      `${folder.path} is not a folder of Quorate: it contains ${JSON.stringify(strange)}; use an empty one`,
    );
  }
  const mark = await readMark(folder);
  if (mark['storage'] !== 'level' || mark['format'] !== formatVersion) {
    throw new ForeignDataError(
      `${folder.path} holds storage "${String(mark['storage'])}" in format ${String(mark['format'])}, this is "level" in format ${String(formatVersion)}; use the version that wrote it`,
    );
  }
  checkOwner(folder, mark, owner);
  return true;
}

/** Makes the folders that are missing. */
export async function makeFolders(folder: Folder): Promise<void> {
  await makeFolder(folder.path);
  await makeFolder(folder.database);
  await makeFolder(folder.snapshots);
}

/** Marks the folder as in use. */
export async function markFolder(folder: Folder, owner: StorageOwner): Promise<void> {
  const { cluster, node, algorithm } = owner;
  const mark = { storage: 'level', format: formatVersion, cluster, node, algorithm };
  await writeWholeFile(join(folder.path, markName), utf8(`${JSON.stringify(mark, null, 2)}\n`));
}

/** @throws ForeignDataError if the two differ. */
export function checkOwner(
  folder: Folder,
  found: { readonly [Field in keyof StorageOwner]?: unknown },
  wanted: StorageOwner,
): void {
  const fields = ['cluster', 'node', 'algorithm'] as const;
  const other = fields.find((field) => found[field] !== wanted[field]);
  if (other === undefined) return;
  throw new ForeignDataError(
    `${folder.path} belongs to ${other} ${JSON.stringify(found[other])}, not ${JSON.stringify(wanted[other])}; use another folder`,
  );
}

async function readMark(folder: Folder): Promise<Readonly<Record<string, unknown>>> {
  const path = join(folder.path, markName);
  try {
    const mark: unknown = JSON.parse(fromUtf8(await readSmallFile(path, maxMarkBytes)));
    if (typeof mark !== 'object' || mark === null) throw new Error('not a JSON object');
    return { ...mark };
  } catch (cause) {
    if (hasCode(cause, 'EACCES')) throw cause;
    throw new CorruptError(
      `${path} cannot be read: ${describeError(cause)}; restore it, or this node from its peers`,
      { cause },
    );
  }
}
