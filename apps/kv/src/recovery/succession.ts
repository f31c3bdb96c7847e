/**
 * Puts a new log in the place of a node's old one, all or nothing, whenever it is interrupted.
 *
 * The new log is built beside the old one, in `log.new`; up to then nothing has happened to the node.
 * When it is whole and durable, `next.json` says what is to be: that is the moment at which it is decided.
 * Everything behind that is done again from there until it is done, by whoever comes next (the same
 * command, or `serve`), and does nothing where it was done already:
 *
 * 1. the old log is set aside, as `log.before-…`; it is never removed by this program
 * 2. the new one takes its place
 * 3. `node.json` says whose data that is
 * 4. the record is added to `audit.ndjson`
 * 5. `next.json` goes
 *
 * Without `next.json` a `log.new` is what an attempt left behind that did not get so far: it goes.
 */
import { access, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CorruptError, describeError } from '@quorate/core';
import { nodeFileSystem, readJsonFile, writeJsonFile } from '@quorate/files';
import { systemCodeOf } from '@quorate/program';
import { serviceError } from '../errors.ts';
import { objectOf, stringOf } from '../json.ts';
import type { DataFolder } from '../node/data-folder.ts';
import { type Settings, settingsOfJson, settingsToJson } from '../node/settings.ts';
import { addAuditRecord, type AuditRecord } from './audit.ts';

/** What a folder is going to be. */
export interface Succession {
  /** What the node is going to remember. */
  readonly settings: Settings;
  /** What the old log is called from then on; `undefined` where there is none. */
  readonly before: string | undefined;
  readonly audit: AuditRecord;
}

/** Called between any two steps, with what was done; for tests that end everything there. */
export type AfterStep = (step: string) => void | Promise<void>;

const format = 'quorate-kv next 1';
const maxNextBytes = 256 * 1024;

/**
 * Decides it, and does it. The folder is locked, no storage is open, and the new log is whole.
 *
 * @throws ServiceError with the code IO_FAILED; what is decided is then finished later.
 */
export async function succeed(
  folder: DataFolder,
  { settings, before, audit }: Succession,
  afterStep: AfterStep = () => undefined,
): Promise<void> {
  const fields = { format, settings: settingsToJson(settings), before: before ?? null, audit };
  await attempt(folder, () => writeJsonFile(nodeFileSystem, nextPath(folder), fields));
  await afterStep('decided');
  await settle(folder, afterStep);
}

/** Whether something was decided that {@link settle} has to finish. Needs no lock. */
export function isDecided(folder: DataFolder): Promise<boolean> {
  return exists(nextPath(folder));
}

/**
 * Finishes what was decided, or clears away what was not. The folder is locked, no storage is open.
 *
 * @returns the record of what was finished; `undefined` where nothing was decided.
 * @throws CorruptError if `next.json` is damaged.
 * @throws ServiceError with the code IO_FAILED.
 */
export async function settle(
  folder: DataFolder,
  afterStep: AfterStep = () => undefined,
): Promise<AuditRecord | undefined> {
  return attempt(folder, async () => {
    const next = await readNext(folder);
    if (next === undefined) {
      await rm(folder.newLogPath, { recursive: true, force: true });
      return undefined;
    }
    const { settings, before, audit } = next;
    // As long as the new log is beside it, what stands at its place is the old one.
    if (await exists(folder.newLogPath)) {
      if (before !== undefined) await setAside(folder, join(folder.path, before));
      await afterStep('old log set aside');
      await rename(folder.newLogPath, folder.logPath);
      await nodeFileSystem.syncFolder(folder.path);
    }
    await afterStep('new log in its place');
    await folder.remember({ joined: true, settings });
    await afterStep('node.json written');
    await addAuditRecord(folder.path, audit);
    await afterStep('audit record added');
    await nodeFileSystem.remove(nextPath(folder));
    await nodeFileSystem.syncFolder(folder.path);
    return audit;
  });
}

async function setAside(folder: DataFolder, aside: string): Promise<void> {
  if (await exists(aside)) return;
  await rename(folder.logPath, aside);
  await nodeFileSystem.syncFolder(folder.path);
}

async function readNext(folder: DataFolder): Promise<Succession | undefined> {
  const path = nextPath(folder);
  const fields = await readJsonFile(nodeFileSystem, path, maxNextBytes);
  if (fields === undefined) return undefined;
  try {
    if (fields['format'] !== format) throw new Error(`its format is not ${JSON.stringify(format)}`);
    const before = fields['before'];
    return {
      settings: settingsOfJson(fields['settings'], 'settings'),
      before: before === null ? undefined : stringOf(before, 'before'),
      audit: objectOf(fields['audit'], 'audit') as AuditRecord,
    };
  } catch (cause) {
    throw new CorruptError(
      `${path} cannot be read: ${describeError(cause)}; use the version that wrote it`,
      { cause },
    );
  }
}

function nextPath(folder: DataFolder): string {
  return join(folder.path, 'next.json');
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

async function attempt<T>(folder: DataFolder, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    if (systemCodeOf(cause) === undefined) throw cause;
    throw serviceError(
      'IO_FAILED',
      `cannot change the data folder ${folder.path}: ${describeError(cause)}; mend that, and run the command again`,
      { cause },
    );
  }
}
