/**
 * Exports: the ledger as lines of JSON, for an archive, an auditor, or a program in another language.
 *
 *     {"quorate":"ledger","format":1,"length":…,"head":"…","root":"…"}
 *     {"sequence":0,"hash":"…","record":"…","event":{…}}
 *     …
 *
 * The first line says how many records follow and what they must hash to. In each other line `record`
 * is the record in hexadecimal, as it is hashed; `hash` is the head of the chain with it; `event` says
 * the same for people: amounts as decimal text, user data in hexadecimal. A line has one form: what is
 * read and written again is the same text.
 */
import { InvalidArgumentError } from '@quorate/core';
import { hex, leafHash, linkHash } from './hashing.ts';
import { ledger } from './language.ts';
import { maxPageLength } from './limits.ts';
import type { LedgerQuery } from './queries.ts';
import { decodeRecord, maxRecordBytes } from './record.ts';
import { expectType, type LedgerAnswer } from './results.ts';

/** Version of the lines. */
export const exportFormat = 1;

/** No line is longer: the record twice over in hexadecimal, and what JSON adds. */
export const maxLineLength: number = 4096 + 8 * maxRecordBytes;

/** What the first line of an export says. */
export interface ExportHeader {
  /** Number of records. */
  readonly length: number;
  /** The hash chain over all of them, in hexadecimal. */
  readonly head: string;
  /** The root of the Merkle tree over all of them, in hexadecimal. */
  readonly root: string;
}

/**
 * The ledger as it is at the call, as lines without their ends; it may go on meanwhile.
 *
 * ```ts
 * for await (const line of exportLedger((query) => replica.query(query))) file.write(`${line}\n`);
 * ```
 *
 * @param ask puts a query to a replica or a machine
 */
export async function* exportLedger(
  ask: (query: LedgerQuery) => LedgerAnswer | Promise<LedgerAnswer>,
): AsyncGenerator<string, void, undefined> {
  const { length, head, root } = expectType(await ask(ledger.status()), 'status');
  yield headerLine({ length, head: hex(head), root: hex(root) });
  let sequence = 0;
  while (sequence < length) {
    const limit = Math.min(maxPageLength, length - sequence);
    const page = expectType(await ask(ledger.records(sequence, limit)), 'records');
    if (page.records.length === 0) {
      throw new InvalidArgumentError(
        `a ledger of ${String(length)} events has none with the number ${String(sequence)}; ask one replica, and one that is up to date`,
      );
    }
    let chain = page.before;
    for (const record of page.records) {
      chain = linkHash(chain, leafHash(record));
      yield recordLine(sequence, hex(chain), record);
      sequence += 1;
    }
  }
}

/** The first line of an export. */
export function headerLine({ length, head, root }: ExportHeader): string {
  return JSON.stringify({ quorate: 'ledger', format: exportFormat, length, head, root });
}

/** The line of a record. @throws MalformedError if it is none. */
export function recordLine(sequence: number, hash: string, record: Uint8Array): string {
  return JSON.stringify(
    { sequence, hash, record: hex(record), event: decodeRecord(record) },
    (_key, value: unknown) => {
      if (typeof value === 'bigint') return value.toString();
      return value instanceof Uint8Array ? hex(value) : value;
    },
  );
}
