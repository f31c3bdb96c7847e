/**
 * The record of an event: the one form in bytes that is hashed, kept, exported and proved.
 *
 *     u48 sequence, u48 index, u32 position, u48 time     22 bytes, big-endian
 *     operation                                           see operation-codec.ts
 *     text debit account, text credit account             of a post, void or expiry
 *     4 amounts, 4 amounts                                balances of debit and credit account after
 *                                                         it, for all but the opening of an account
 *
 * Balances are in the record so that the hashes cover them, and so that a record read back by an
 * index or a time says what the balance was, without a second store beside this one.
 */
import { ByteReader, type ByteWriter, MalformedError } from '@quorate/core';
import type { LedgerEvent, LedgerMovement, LedgerPlace } from './events.ts';
import { readBalances, readId, writeBalances, writeId } from './fields.ts';
import { maxIdLength, maxUserDataBytes } from './limits.ts';
import type { LedgerOpen } from './operations.ts';
import { type EventOperation, readEventOperation, writeOperation } from './operation-codec.ts';

const indexOffset = 6;
const timeOffset = 16;
const headerBytes = 22;
const idBytes = 1 + maxIdLength;
const amountBytes = 17;

/** No record is longer. */
export const maxRecordBytes: number =
  headerBytes + 3 + 4 * idBytes + 1 + maxUserDataBytes + amountBytes + 6 + 8 * amountBytes;

export function writeRecord(event: LedgerEvent, writer: ByteWriter): void {
  writer.u48(event.sequence).u48(event.index).u32(event.position).u48(event.time);
  writeOperation(event.operation, writer);
  if (event.type === 'opened') return;
  const { operation, debit, credit } = event;
  if (operation.type !== 'transfer' && operation.type !== 'pending') {
    writeId(debit.account, writer);
    writeId(credit.account, writer);
  }
  writeBalances(debit.balances, writer);
  writeBalances(credit.balances, writer);
}

/** Reads a record; user data is a view. @throws MalformedError if there is none. */
export function readRecord(reader: ByteReader): LedgerEvent {
  const place: LedgerPlace = {
    sequence: reader.u48(),
    index: reader.u48(),
    position: reader.u32(),
    time: reader.u48(),
  };
  const operation = readEventOperation(reader);
  if (operation.type === 'open') return { type: 'opened', ...place, operation };
  const movement = movementOf(operation);
  const named = operation.type === 'transfer' || operation.type === 'pending';
  const debit = named ? operation.debit : readId(reader, maxIdLength);
  const credit = named ? operation.credit : readId(reader, maxIdLength);
  return {
    type: 'moved',
    ...place,
    operation: movement,
    debit: { account: debit, balances: readBalances(reader) },
    credit: { account: credit, balances: readBalances(reader) },
  };
}

function movementOf(operation: Exclude<EventOperation, LedgerOpen>): LedgerMovement {
  if (operation.type !== 'post') return operation;
  const { amount } = operation;
  if (amount === undefined) throw new MalformedError('a post in a record has no amount');
  return { ...operation, amount };
}

/**
 * Reads the bytes of one record, as they come in proofs and pages of records.
 *
 * @throws MalformedError if they are none.
 */
export function decodeRecord(record: Uint8Array): LedgerEvent {
  if (record.length > maxRecordBytes) throw new MalformedError('a record is too long');
  const reader = new ByteReader(record);
  const event = readRecord(reader);
  reader.end();
  return event;
}

/** The log index in a record, without reading the rest. */
export function recordIndex(record: Uint8Array): number {
  return new ByteReader(record, indexOffset).u48();
}

/** The time in a record, without reading the rest. */
export function recordTime(record: Uint8Array): number {
  return new ByteReader(record, timeOffset).u48();
}
