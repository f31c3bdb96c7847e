/**
 * The mark that makes a folder ours: `quorate.json`. It says whose data it is, in which format, and
 * whatever else a storage wants to find before it looks at anything else.
 *
 * It is written when the rest of a new folder is durable. So a folder with a mark whose rest is gone
 * has lost it, and the node must not start as if it were new; a folder without a mark is empty, was
 * left by a first start that did not get through, or belongs to somebody else.
 */
import { CorruptError, ForeignDataError, type StorageOwner } from '@quorate/core';
import type { FileSystem } from './file-system.ts';
import { draftOf, type JsonFields, readJsonFile, writeJsonFile } from './json-file.ts';

const markName = 'quorate.json';
const maxMarkBytes = 64 * 1024;

/** Which storage a folder is of. */
export interface FolderKind {
  /** Name of the storage. */
  readonly storage: string;
  /** Number of its format. */
  readonly format: number;
  /** What a first start may leave behind before it writes the mark. */
  readonly names: readonly string[];
}

/** Where the mark of a folder lies. */
export function markPath(folder: string): string {
  return `${folder}/${markName}`;
}

/**
 * Looks whose folder it is, and changes nothing.
 *
 * @returns the fields of the storage; `undefined` where the folder has not been in use.
 * @throws ForeignDataError if it belongs to somebody else.
 * @throws CorruptError if the mark is damaged.
 */
export async function readMark(
  files: FileSystem,
  folder: string,
  kind: FolderKind,
  owner: StorageOwner,
): Promise<JsonFields | undefined> {
  const mark = await readJsonFile(files, markPath(folder), maxMarkBytes);
  if (mark === undefined) {
    const harmless = [...kind.names, draftOf(markName), 'lost+found'];
    const strange = (await files.list(folder)).find((name) => !harmless.includes(name));
    if (strange === undefined) return undefined;
    throw new ForeignDataError(
      `${folder} is not a folder of Quorate: it contains ${JSON.stringify(strange)} and no ${markName}; use an empty one`,
    );
  }
  checkKind(folder, kind, mark);
  checkOwner(folder, ownerIn(folder, mark), owner);
  return mark;
}

/** Writes the mark, in one durable step. */
export async function writeMark(
  files: FileSystem,
  folder: string,
  { storage, format }: FolderKind,
  { cluster, node, algorithm }: StorageOwner,
  fields: JsonFields = {},
): Promise<void> {
  const identity = { storage, format, cluster, node, algorithm };
  const mark = { ...identity, ...fields, ...identity };
  await writeJsonFile(files, markPath(folder), mark);
}

/**
 * Reads the mark of a folder whoever its owner is; for tools. `undefined`: there is none.
 *
 * @throws CorruptError if it is damaged.
 */
export async function anyMark(files: FileSystem, folder: string): Promise<JsonFields | undefined> {
  return readJsonFile(files, markPath(folder), maxMarkBytes);
}

/** @throws ForeignDataError if the mark is of another storage or format. */
export function checkKind(folder: string, kind: FolderKind, mark: JsonFields): void {
  if (mark['storage'] === kind.storage && mark['format'] === kind.format) return;
  throw new ForeignDataError(
    `${folder} holds storage "${String(mark['storage'])}" in format ${String(mark['format'])}, this is "${kind.storage}" in format ${String(kind.format)}; use the version that wrote it`,
  );
}

/** @throws CorruptError if the mark names no owner. */
export function ownerIn(folder: string, mark: JsonFields): StorageOwner {
  const { cluster, node, algorithm } = mark;
  if (typeof cluster !== 'string' || typeof node !== 'string' || typeof algorithm !== 'string') {
    throw new CorruptError(`${markPath(folder)} names no owner; restore this node from its peers`);
  }
  return { cluster, node, algorithm };
}

/** @throws ForeignDataError if the two differ. */
export function checkOwner(folder: string, found: StorageOwner, wanted: StorageOwner): void {
  const fields = ['cluster', 'node', 'algorithm'] as const;
  const other = fields.find((field) => found[field] !== wanted[field]);
  if (other === undefined) return;
  throw new ForeignDataError(
    `${folder} belongs to ${other} ${JSON.stringify(found[other])}, not ${JSON.stringify(wanted[other])}; use another folder`,
  );
}
