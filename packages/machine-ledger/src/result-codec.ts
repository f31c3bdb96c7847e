/**
 * The binary form of results and answers.
 */
import {
  type ByteReader,
  type ByteWriter,
  type Codec,
  MalformedError,
  unreachable,
} from '@quorate/core';
import { readBalances, readId, writeBalances, writeId } from './fields.ts';
import { hashBytes } from './hashing.ts';
import {
  maxCurrencies,
  maxCurrencyLength,
  maxIdLength,
  maxOperations,
  maxPageLength,
} from './limits.ts';
import type { LedgerMoved } from './events.ts';
import { readEventOperation, writeOperation } from './operation-codec.ts';
import { maxRecordBytes, readRecord, writeRecord } from './record.ts';
import {
  type LedgerAnswer,
  type LedgerHistoryEntry,
  type LedgerMissing,
  type LedgerReceipt,
  ledgerReasons,
  type LedgerResult,
  type LedgerTransferState,
} from './results.ts';

/** Longest path of a proof: two hashes for each level of a tree of 2^48 leaves. */
const maxPathLength = 96;
const receiptBytes = 18;

const tag = {
  applied: 1,
  refused: 2,
  account: 1,
  transfer: 2,
  history: 3,
  statement: 4,
  totals: 5,
  status: 6,
  records: 7,
  inclusion: 8,
  consistency: 9,
  missing: 10,
} as const;

const missing: readonly LedgerMissing[] = ['account', 'transfer', 'event'];
const states = ['done', 'pending', 'posted', 'voided', 'expired'] as const;

/** The codec of results. */
export const resultCodec: Codec<LedgerResult> = {
  encode(result, writer) {
    writer.u8(tag[result.type]);
    if (result.type === 'applied') {
      writer.u32(result.receipts.length);
      for (const receipt of result.receipts) writeReceipt(receipt, writer);
      return;
    }
    writer.u16(result.operation);
    writeId(result.id, writer);
    writer.u8(ledgerReasons.indexOf(result.reason));
  },
  decode(reader) {
    const type = reader.u8();
    switch (type) {
      case tag.applied:
        return {
          type: 'applied',
          receipts: list(reader, maxOperations, receiptBytes, readReceipt),
        };
      case tag.refused:
        return {
          type: 'refused',
          operation: reader.u16(),
          id: readId(reader, maxIdLength),
          reason: choice(ledgerReasons, reader.u8()),
        };
      default:
        throw new MalformedError(`unknown type of result ${String(type)}`);
    }
  },
};

/** The codec of answers. */
export const answerCodec: Codec<LedgerAnswer> = {
  encode(answer, writer) {
    writer.u8(tag[answer.type]);
    switch (answer.type) {
      case 'account':
        writeOperation(answer.account, writer);
        writeReceipt(answer.opened, writer);
        writeBalances(answer.balances, writer);
        return;
      case 'transfer':
        writeRecord(answer.event, writer);
        writeState(answer.state, writer);
        return;
      case 'history':
        writer.u32(answer.entries.length);
        for (const { side, event } of answer.entries) {
          writeRecord(event, writer.boolean(side === 'credit'));
        }
        writeCursor(answer.cursor, writer);
        return;
      case 'statement':
        writer.u32(answer.lines.length);
        for (const { account, currency, balances } of answer.lines) {
          writeId(account, writer);
          writeId(currency, writer);
          writeBalances(balances, writer);
        }
        writeCursor(answer.cursor, writer);
        return;
      case 'totals':
        writer.u32(answer.totals.length);
        for (const { currency, accounts, balances } of answer.totals) {
          writeId(currency, writer);
          writer.u48(accounts);
          writeBalances(balances, writer);
        }
        return;
      case 'status':
        writer.u48(answer.length).raw(answer.head).raw(answer.root);
        writer.u48(answer.accounts).u48(answer.transfers).u48(answer.pending);
        writer.u48(answer.recordBytes);
        return;
      case 'records':
        writer.raw(answer.before).u48(answer.length).u32(answer.records.length);
        for (const record of answer.records) writer.u16(record.length).raw(record);
        return;
      case 'inclusion':
        writer.u48(answer.sequence).u48(answer.length);
        writer.u16(answer.record.length).raw(answer.record);
        writePath(answer.path, writer);
        return;
      case 'consistency':
        writer.u48(answer.from).u48(answer.to);
        writePath(answer.path, writer);
        return;
      case 'missing':
        writer.u8(missing.indexOf(answer.what));
        return;
      default:
        unreachable(answer);
    }
  },
  decode(reader) {
    const type = reader.u8();
    switch (type) {
      case tag.account: {
        const account = readEventOperation(reader);
        if (account.type !== 'open') throw new MalformedError('an account was not opened');
        return {
          type: 'account',
          account,
          opened: readReceipt(reader),
          balances: readBalances(reader),
        };
      }
      case tag.transfer:
        return { type: 'transfer', event: readMoved(reader), state: readState(reader) };
      case tag.history: {
        const entries = list(reader, maxPageLength, 1, readEntry);
        return { type: 'history', entries, ...readCursor(reader) };
      }
      case tag.statement: {
        const lines = list(reader, maxPageLength, 8, (item) => ({
          account: readId(item, maxIdLength),
          currency: readId(item, maxCurrencyLength),
          balances: readBalances(item),
        }));
        return { type: 'statement', lines, ...readCursor(reader) };
      }
      case tag.totals: {
        const totals = list(reader, maxCurrencies, 12, (item) => ({
          currency: readId(item, maxCurrencyLength),
          accounts: item.u48(),
          balances: readBalances(item),
        }));
        return { type: 'totals', totals };
      }
      case tag.status:
        return {
          type: 'status',
          length: reader.u48(),
          head: reader.raw(hashBytes),
          root: reader.raw(hashBytes),
          accounts: reader.u48(),
          transfers: reader.u48(),
          pending: reader.u48(),
          recordBytes: reader.u48(),
        };
      case tag.records: {
        const before = reader.raw(hashBytes);
        const length = reader.u48();
        const records = list(reader, maxPageLength, 2, readRecordBytes);
        return { type: 'records', before, records, length };
      }
      case tag.inclusion:
        return {
          type: 'inclusion',
          sequence: reader.u48(),
          length: reader.u48(),
          record: readRecordBytes(reader),
          path: readPath(reader),
        };
      case tag.consistency:
        return {
          type: 'consistency',
          from: reader.u48(),
          to: reader.u48(),
          path: readPath(reader),
        };
      case tag.missing:
        return { type: 'missing', what: choice(missing, reader.u8()) };
      default:
        throw new MalformedError(`unknown type of answer ${String(type)}`);
    }
  },
};

function writeReceipt({ sequence, index, time }: LedgerReceipt, writer: ByteWriter): void {
  writer.u48(sequence).u48(index).u48(time);
}

function readReceipt(reader: ByteReader): LedgerReceipt {
  return { sequence: reader.u48(), index: reader.u48(), time: reader.u48() };
}

function readEntry(reader: ByteReader): LedgerHistoryEntry {
  const side = reader.boolean() ? 'credit' : 'debit';
  return { side, event: readMoved(reader) };
}

function readMoved(reader: ByteReader): LedgerMoved {
  const event = readRecord(reader);
  if (event.type !== 'moved') throw new MalformedError('an event moves nothing');
  return event;
}

function writeState(state: LedgerTransferState, writer: ByteWriter): void {
  writer.u8(states.indexOf(state.type));
  switch (state.type) {
    case 'done':
      return;
    case 'pending':
      writer.u48(state.expiresAt);
      return;
    case 'posted':
    case 'voided':
      writeId(state.by, writer);
      writer.u48(state.sequence);
      return;
    case 'expired':
      writer.u48(state.sequence);
      return;
    default:
      unreachable(state);
  }
}

function readState(reader: ByteReader): LedgerTransferState {
  const type = choice(states, reader.u8());
  switch (type) {
    case 'done':
      return { type };
    case 'pending':
      return { type, expiresAt: reader.u48() };
    case 'posted':
    case 'voided':
      return { type, by: readId(reader, maxIdLength), sequence: reader.u48() };
    case 'expired':
      return { type, sequence: reader.u48() };
    default:
      return unreachable(type);
  }
}

function writeCursor(cursor: number | undefined, writer: ByteWriter): void {
  writer.boolean(cursor !== undefined);
  if (cursor !== undefined) writer.u48(cursor);
}

function readCursor(reader: ByteReader): { readonly cursor?: number } {
  return reader.boolean() ? { cursor: reader.u48() } : {};
}

function readRecordBytes(reader: ByteReader): Uint8Array {
  const length = reader.u16();
  if (length > maxRecordBytes) throw new MalformedError('a record is too long');
  return reader.raw(length);
}

function writePath(path: readonly Uint8Array[], writer: ByteWriter): void {
  writer.u32(path.length);
  for (const hash of path) writer.raw(hash);
}

function readPath(reader: ByteReader): readonly Uint8Array[] {
  return list(reader, maxPathLength, hashBytes, (item) => item.raw(hashBytes));
}

function list<T>(
  reader: ByteReader,
  most: number,
  minItemBytes: number,
  read: (reader: ByteReader) => T,
): readonly T[] {
  const length = reader.count(minItemBytes);
  if (length > most) {
    throw new MalformedError(`${String(length)} items are more than ${String(most)}`);
  }
  return Array.from({ length }, () => read(reader));
}

function choice<const T>(choices: readonly T[], at: number): T {
  const chosen = choices[at];
  if (chosen === undefined) throw new MalformedError(`${String(at)} stands for nothing`);
  return chosen;
}
