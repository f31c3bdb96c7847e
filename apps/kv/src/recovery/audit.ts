/**
 * What was done to a node by hand, for ever: `audit.ndjson` in its folder, one line of JSON an act.
 *
 * Lines are only added, each durable before the act is called done, and no act has two: one that was
 * interrupted and finished later looks whether its line is there.
 */
import { open, readFile } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { describeError } from '@quorate/core';
import { nodeFileSystem } from '@quorate/files';
import { systemCodeOf } from '@quorate/program';
import { serviceError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { version } from '../version.ts';

/** Name of the file. */
export const auditName = 'audit.ndjson';

/** One act. */
export interface AuditRecord extends JsonObject {
  /** Tells it from every other. */
  readonly id: string;
  readonly command: string;
  readonly time: string;
}

/** Who does what, and when; the rest is the act's own. */
export function auditRecord(command: string, time: Date, fields: JsonObject): AuditRecord {
  return {
    id: `${time.getTime().toString(36)}-${process.pid.toString(36)}`,
    command,
    time: time.toISOString(),
    program: version,
    host: hostname(),
    user: whoami(),
    ...fields,
  };
}

/** Adds a record, durably, unless it is there. */
export async function addAuditRecord(folder: string, record: AuditRecord): Promise<void> {
  const path = join(folder, auditName);
  const before = await readText(path);
  if (linesOf(before).some((line) => idOf(line) === record.id)) return;
  try {
    const file = await open(path, 'a', 0o600);
    try {
      // A line that was cut short by a power loss stays as it is, and alone.
      const gap = before === '' || before.endsWith('\n') ? '' : '\n';
      await file.writeFile(`${gap}${JSON.stringify(record)}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await nodeFileSystem.syncFolder(folder);
  } catch (cause) {
    throw ioError('write', path, cause);
  }
}

/** All records, oldest first; lines that are none are left out. */
export async function readAuditRecords(folder: string): Promise<readonly AuditRecord[]> {
  const lines = linesOf(await readText(join(folder, auditName)));
  return lines.flatMap((line) => recordOf(line) ?? []);
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (systemCodeOf(cause) === 'ENOENT') return '';
    throw ioError('read', path, cause);
  }
}

function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

function idOf(line: string): string | undefined {
  return recordOf(line)?.id;
}

function recordOf(line: string): AuditRecord | undefined {
  try {
    const value = JSON.parse(line) as Partial<AuditRecord> | null;
    const { id, command, time } = value ?? {};
    const isRecord = [id, command, time].every((field) => typeof field === 'string');
    return isRecord ? (value as AuditRecord) : undefined;
  } catch {
    return undefined;
  }
}

function whoami(): JsonObject {
  try {
    const { uid, username } = userInfo();
    return { uid, name: username };
  } catch {
    // A user without an entry in the system's list, as in many containers.
    return { uid: process.getuid?.() ?? null };
  }
}

function ioError(what: string, path: string, cause: unknown): Error {
  const message = `cannot ${what} ${path}: ${describeError(cause)}; mend its permissions, then do it again`;
  return serviceError('IO_FAILED', message, { cause });
}
