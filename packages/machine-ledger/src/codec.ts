/**
 * The binary form of commands and queries. Lengths and counts are checked before anything is
 * allocated; what the fields mean is checked when the command is applied.
 */
import {
  type Codec,
  type ByteReader,
  type ByteWriter,
  InvalidArgumentError,
  MalformedError,
  unreachable,
} from '@quorate/core';
import { readId, writeId } from './fields.ts';
import { maxIdLength, maxOperations } from './limits.ts';
import type { LedgerCommand } from './operations.ts';
import { minOperationBytes, readOperation, writeOperation } from './operation-codec.ts';
import type { LedgerQuery } from './queries.ts';
import { commandProblem, queryProblem } from './validate.ts';

const tag = {
  single: 1,
  atomic: 2,
  account: 1,
  transfer: 2,
  history: 3,
  statement: 4,
  totals: 5,
  status: 6,
  records: 7,
  inclusion: 8,
  consistency: 9,
} as const;

/** The codec of commands. `encode` throws InvalidArgumentError for one that makes no sense. */
export const commandCodec: Codec<LedgerCommand> = {
  encode(command, writer) {
    check(commandProblem(command));
    if (command.type !== 'atomic') {
      writeOperation(command, writer.u8(tag.single));
      return;
    }
    writer.u8(tag.atomic).u32(command.operations.length);
    for (const operation of command.operations) writeOperation(operation, writer);
  },
  decode(reader) {
    const type = reader.u8();
    switch (type) {
      case tag.single:
        return readOperation(reader);
      case tag.atomic: {
        const length = reader.count(minOperationBytes);
        if (length > maxOperations) {
          throw new MalformedError(
            `${String(length)} operations are more than ${String(maxOperations)}`,
          );
        }
        const operations = Array.from({ length }, () => readOperation(reader));
        return { type: 'atomic', operations };
      }
      default:
        throw new MalformedError(`unknown type of command ${String(type)}`);
    }
  },
};

/** The codec of queries. `encode` throws InvalidArgumentError for one that makes no sense. */
export const queryCodec: Codec<LedgerQuery> = {
  encode(query, writer) {
    check(queryProblem(query));
    writer.u8(tag[query.type]);
    switch (query.type) {
      case 'account':
        writeId(query.id, writer);
        writer.u48(query.index);
        return;
      case 'transfer':
        writeId(query.id, writer);
        return;
      case 'history':
        writeId(query.account, writer);
        writer.u48(query.from).u48(query.to).boolean(query.reverse);
        writer.boolean(query.cursor !== undefined);
        if (query.cursor !== undefined) writer.u48(query.cursor);
        writer.u16(query.limit);
        return;
      case 'statement':
        writer.u48(query.index).u48(query.cursor).u16(query.limit);
        return;
      case 'totals':
      case 'status':
        return;
      case 'records':
        writer.u48(query.from).u16(query.limit);
        return;
      case 'inclusion':
        writeSubject(query.of, writer);
        writer.u48(query.length);
        return;
      case 'consistency':
        writer.u48(query.from).u48(query.to);
        return;
      default:
        unreachable(query);
    }
  },
  decode(reader) {
    const type = reader.u8();
    switch (type) {
      case tag.account:
        return { type: 'account', id: readId(reader, maxIdLength), index: reader.u48() };
      case tag.transfer:
        return { type: 'transfer', id: readId(reader, maxIdLength) };
      case tag.history:
        return {
          type: 'history',
          account: readId(reader, maxIdLength),
          from: reader.u48(),
          to: reader.u48(),
          reverse: reader.boolean(),
          cursor: reader.boolean() ? reader.u48() : undefined,
          limit: reader.u16(),
        };
      case tag.statement:
        return {
          type: 'statement',
          index: reader.u48(),
          cursor: reader.u48(),
          limit: reader.u16(),
        };
      case tag.totals:
        return { type: 'totals' };
      case tag.status:
        return { type: 'status' };
      case tag.records:
        return { type: 'records', from: reader.u48(), limit: reader.u16() };
      case tag.inclusion:
        return { type: 'inclusion', of: readSubject(reader), length: reader.u48() };
      case tag.consistency:
        return { type: 'consistency', from: reader.u48(), to: reader.u48() };
      default:
        throw new MalformedError(`unknown type of query ${String(type)}`);
    }
  },
};

function writeSubject(of: string | number, writer: ByteWriter): void {
  writer.boolean(typeof of === 'string');
  if (typeof of === 'string') writeId(of, writer);
  else writer.u48(of);
}

function readSubject(reader: ByteReader): string | number {
  return reader.boolean() ? readId(reader, maxIdLength) : reader.u48();
}

function check(problem: string | undefined): void {
  if (problem !== undefined) throw new InvalidArgumentError(problem);
}
