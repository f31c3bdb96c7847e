/**
 * The binary form of operations: in commands, in records, and wherever two are compared.
 */
import { type ByteReader, type ByteWriter, MalformedError, unreachable } from '@quorate/core';
import { readAmount, readData, readId, writeAmount, writeData, writeId } from './fields.ts';
import { maxCurrencyLength, maxIdLength } from './limits.ts';
import type { LedgerExpire, LedgerLimit, LedgerOperation } from './operations.ts';

/** First byte of an operation. */
const kind = { open: 1, transfer: 2, pending: 3, post: 4, void: 5, expire: 6 } as const;

const limits: readonly LedgerLimit[] = ['none', 'debits-within-credits', 'credits-within-debits'];

/** What an event can be of. */
export type EventOperation = LedgerOperation | LedgerExpire;

/** Fewest bytes of an operation, for counts that are not to be believed. */
export const minOperationBytes = 8;

export function writeOperation(operation: EventOperation, writer: ByteWriter): void {
  writer.u8(kind[operation.type]);
  if (operation.type === 'expire') {
    writeId(operation.pending, writer);
    return;
  }
  writeId(operation.id, writer);
  writer.u16(operation.code);
  writeData(operation.userData, writer);
  switch (operation.type) {
    case 'open':
      writeId(operation.currency, writer);
      writer.u8(limits.indexOf(operation.limit));
      return;
    case 'transfer':
    case 'pending':
      writeId(operation.debit, writer);
      writeId(operation.credit, writer);
      writeAmount(operation.amount, writer);
      if (operation.type === 'pending') writer.u48(operation.timeoutMs);
      return;
    case 'post':
      writeId(operation.pending, writer);
      // 0, which no post can be of, stands for all of it.
      writeAmount(operation.amount ?? 0n, writer);
      return;
    case 'void':
      writeId(operation.pending, writer);
      return;
    default:
      unreachable(operation);
  }
}

/**
 * Reads an operation. User data is a view.
 *
 * @throws MalformedError if there is none, or if its type is `expire`, which nobody can order.
 */
export function readOperation(reader: ByteReader): LedgerOperation {
  const operation = readEventOperation(reader);
  if (operation.type === 'expire') throw new MalformedError('an expiry is no operation');
  return operation;
}

/** Reads an operation or an expiry. User data is a view. */
export function readEventOperation(reader: ByteReader): EventOperation {
  const tag = reader.u8();
  const id = readId(reader, maxIdLength);
  if (tag === kind.expire) return { type: 'expire', pending: id };
  const code = reader.u16();
  const userData = readData(reader);
  switch (tag) {
    case kind.open: {
      const currency = readId(reader, maxCurrencyLength);
      const limit = limits[reader.u8()];
      if (limit === undefined) throw new MalformedError('a limit is none that is known');
      return { type: 'open', id, currency, code, limit, userData };
    }
    case kind.transfer:
    case kind.pending: {
      const debit = readId(reader, maxIdLength);
      const credit = readId(reader, maxIdLength);
      const amount = readAmount(reader);
      const fields = { id, debit, credit, amount, code, userData };
      if (tag === kind.transfer) return { type: 'transfer', ...fields };
      return { type: 'pending', ...fields, timeoutMs: reader.u48() };
    }
    case kind.post: {
      const pending = readId(reader, maxIdLength);
      const amount = readAmount(reader);
      return {
        type: 'post',
        id,
        pending,
        amount: amount === 0n ? undefined : amount,
        code,
        userData,
      };
    }
    case kind.void:
      return { type: 'void', id, pending: readId(reader, maxIdLength), code, userData };
    default:
      throw new MalformedError(`unknown kind of operation ${String(tag)}`);
  }
}
