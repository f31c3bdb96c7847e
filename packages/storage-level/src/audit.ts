/**
 * Looks through LevelDB's files before LevelDB does.
 *
 * When LevelDB opens, it drops what it cannot read in its log and goes on with what follows, and it
 * never checks the blocks of its tables; the options that would make it do better are out of reach.
 * For a consensus group that is the worst answer: a vote or an acknowledged record would be gone
 * without a word.
 *
 * What tells damage from a torn tail: a batch is begun only after the one before it was synced, and
 * nothing else writes to these files. So a batch that begins behind a damaged place proves that the
 * damaged one had been acknowledged. And where the files ended when they were closed in good order,
 * the mark of the folder says: up to there nothing can be torn. Without such a proof it is the torn
 * end of a write that nobody was told about, and LevelDB may cut it off.
 */
import { CorruptError, LockedError } from '@quorate/core';
import type { FileSystem } from '@quorate/files';
import type { Durable } from './folder.ts';
import { numbered } from './leveldb-fields.ts';
import { readLog } from './leveldb-log.ts';
import { readManifest } from './leveldb-manifest.ts';
import { TableChecker } from './leveldb-table.ts';

/** What is looked at. */
export interface AuditSetup {
  readonly files: FileSystem;
  readonly database: string;
  /** What the mark knows; `undefined`: there is no mark, perhaps no database either. */
  readonly durable: Durable | undefined;
  /** Whether every block of the tables is checked, too. */
  readonly checkTables: boolean;
}

/**
 * Looks whether the files hold everything that was acknowledged. Changes nothing.
 *
 * @throws CorruptError if something acknowledged is damaged or gone.
 * @throws LockedError if another process is at work there.
 */
export async function auditDatabase(setup: AuditSetup): Promise<void> {
  const { files, database } = setup;
  const before = await files.list(database);
  try {
    await lookThrough(setup);
  } catch (cause) {
    // LevelDB's lock is not ours yet, and a tool may not know of ours. It takes away the logs that it
    // needs no more: that is no damage, and nobody must be told to empty this folder.
    const now = await files.list(database);
    if (before.toSorted().join() === now.toSorted().join()) throw cause;
    throw new LockedError(
      `${database} is open in another process, which changes it; stop that one first`,
      { cause },
    );
  }
}

/**
 * How far the log of a closed database reaches: what the next open must find.
 *
 * @returns the rest of what the mark keeps.
 */
export async function measureLog(
  files: FileSystem,
  database: string,
): Promise<Omit<Durable, 'batch'>> {
  const log = (await logNumbers(files, database)).at(-1) ?? 0;
  return { log, logBytes: log === 0 ? 0 : await sizeOf(files, `${database}/${logName(log)}`) };
}

async function lookThrough({ files, database, durable, checkTables }: AuditSetup): Promise<void> {
  const manifest = await readManifest(files, database);
  if (manifest === undefined) {
    // A first start that did not get through; LevelDB has its own checks, and does not start anew
    // when it may not.
    if (durable === undefined) return;
    throw new CorruptError(
      `the database at ${database} is damaged or gone: it has no manifest; restore this node from its peers`,
    );
  }
  await checkLogs(files, database, manifest.oldestLog, durable);
  if (!checkTables) return;
  const checker = new TableChecker(files);
  for (const [number, bytes] of manifest.tables) {
    await checker.check(`${database}/${numbered(number, 'ldb')}`, bytes);
  }
}

async function checkLogs(
  files: FileSystem,
  database: string,
  oldest: number,
  durable: Durable | undefined,
): Promise<void> {
  const logs = (await logNumbers(files, database)).filter((number) => number >= oldest);
  const expected = [oldest, durable?.log ?? 0].filter((number) => number >= oldest && number > 0);
  const missing = expected.find((number) => !logs.includes(number));
  if (missing !== undefined) {
    throw new CorruptError(
      `${database}/${logName(missing)} is gone; restore this node from its peers`,
    );
  }
  let damage: { readonly path: string; readonly at: number } | undefined;
  for (const number of logs) {
    const path = `${database}/${logName(number)}`;
    const size = await sizeOf(files, path);
    /** Whether a batch has begun and not ended. */
    let inside = false;
    /** Where the last batch began. */
    let began = 0;
    for await (const { type, at } of readLog(files, path)) {
      if (type === 'damage') {
        damage ??= { path, at };
        continue;
      }
      const begins = type === 'whole' || type === 'first';
      // A batch that does not begin where one must, or begins inside another, is damage as well.
      if (begins === inside) damage ??= { path, at };
      if (begins && damage !== undefined) throw damaged(damage.path, damage.at);
      if (begins) began = at;
      inside = type === 'first' || type === 'middle';
    }
    if (inside) damage ??= { path, at: began };
    // Up to here nothing can be torn.
    const wholeTo =
      durable === undefined || number > durable.log
        ? 0
        : number < durable.log
          ? Infinity
          : durable.logBytes;
    if (damage?.path === path && damage.at < wholeTo) throw damaged(path, damage.at);
    if (number === durable?.log && size < durable.logBytes) throw damaged(path, size);
  }
}

function damaged(path: string, at: number): CorruptError {
  return new CorruptError(
    `${path} at byte ${String(at)} is damaged, and what was there had been acknowledged; restore this node from its peers`,
  );
}

async function logNumbers(files: FileSystem, database: string): Promise<readonly number[]> {
  return (await files.list(database))
    .flatMap((name) => (/^\d+\.log$/.test(name) ? [Number.parseInt(name, 10)] : []))
    .sort((left, right) => left - right);
}

async function sizeOf(files: FileSystem, path: string): Promise<number> {
  const file = await files.open(path, 'read');
  try {
    return await file.size();
  } finally {
    await file.close();
  }
}

function logName(number: number): string {
  return numbered(number, 'log');
}
