/**
 * The binary form of commands and queries. Lengths and counts are checked before anything is
 * allocated; what the fields mean is checked when the command is applied.
 */
import {
  type ByteReader,
  type ByteWriter,
  type Codec,
  InvalidArgumentError,
  MalformedError,
  unreachable,
} from '@quorate/core';
import type {
  KvCommand,
  KvCompare,
  KvDelete,
  KvGet,
  KvOperation,
  KvOperator,
  KvPut,
  KvQuery,
  KvRange,
  KvSelection,
  KvTransaction,
} from './commands.ts';
import {
  maxKeyBytes,
  maxTransactionCompares,
  maxTransactionOperations,
  maxValueBytes,
} from './limits.ts';
import {
  readLeaseCommand,
  readLeaseQuery,
  writeLeaseCommand,
  writeLeaseQuery,
} from './leases/codec.ts';
import { noLease } from './leases/none.ts';
import { commandProblem, queryProblem } from './validate.ts';
import { readFlags, readList, tag, writeFlags } from './wire.ts';

const operators: readonly KvOperator[] = ['=', '!=', '<', '>'];
const targets = ['value', 'version', 'createRevision', 'modRevision', 'lease'] as const;

/** Fewest bytes of a compare and of an operation, for counts that are not to be believed. */
const minCompareBytes = 10;
const minOperationBytes = 7;

/** The codec of commands. `encode` throws InvalidArgumentError for one that makes no sense. */
export const commandCodec: Codec<KvCommand> = {
  encode(command, writer) {
    check(commandProblem(command));
    switch (command.type) {
      case 'put':
      case 'delete':
        writeOperation(command, writer);
        return;
      case 'txn':
        writeTransaction(command, writer);
        return;
      case 'compact':
        writer.u8(tag.compact).u48(command.revision);
        return;
      case 'retain':
        writer.u8(tag.retain).u48(command.revisions).u48(command.bytes);
        return;
      case 'lease-grant':
      case 'lease-keep-alive':
      case 'lease-revoke':
        writeLeaseCommand(command, writer);
        return;
      default:
        unreachable(command);
    }
  },
  decode(reader) {
    const type = reader.u8();
    switch (type) {
      case tag.put:
        return readPut(reader);
      case tag.delete:
        return readDelete(reader);
      case tag.txn:
        return readTransaction(reader);
      case tag.compact:
        return { type: 'compact', revision: reader.u48() };
      case tag.retain:
        return { type: 'retain', revisions: reader.u48(), bytes: reader.u48() };
      case tag['lease-grant']:
        return readLeaseCommand('lease-grant', reader);
      case tag['lease-keep-alive']:
        return readLeaseCommand('lease-keep-alive', reader);
      case tag['lease-revoke']:
        return readLeaseCommand('lease-revoke', reader);
      default:
        throw new MalformedError(`unknown type of command ${String(type)}`);
    }
  },
};

/** The codec of queries. `encode` throws InvalidArgumentError for one that makes no sense. */
export const queryCodec: Codec<KvQuery> = {
  encode(query, writer) {
    check(queryProblem(query));
    switch (query.type) {
      case 'get':
      case 'range':
        writeOperation(query, writer);
        return;
      case 'info':
        writer.u8(tag.info);
        return;
      case 'lease-info':
      case 'lease-list':
        writeLeaseQuery(query, writer);
        return;
      default:
        unreachable(query);
    }
  },
  decode(reader) {
    const type = reader.u8();
    switch (type) {
      case tag.get:
        return readGet(reader);
      case tag.range:
        return readRange(reader);
      case tag.info:
        return { type: 'info' };
      case tag['lease-info']:
        return readLeaseQuery('lease-info', reader);
      case tag['lease-list']:
        return readLeaseQuery('lease-list', reader);
      default:
        throw new MalformedError(`unknown type of query ${String(type)}`);
    }
  },
};

function writeOperation(operation: KvOperation, writer: ByteWriter): void {
  switch (operation.type) {
    case 'put':
      writeFlags(writer.u8(tag.put), operation.previous, operation.lease !== noLease);
      writer.string(operation.key).bytes(operation.value);
      if (operation.lease !== noLease) writer.u48(operation.lease);
      return;
    case 'delete':
      writer.u8(tag.delete).boolean(operation.previous);
      writeSelection(operation.selection, writer);
      return;
    case 'get':
      writer.u8(tag.get).string(operation.key).u48(operation.revision);
      return;
    case 'range':
      writeFlags(writer.u8(tag.range), operation.reverse, operation.keysOnly, operation.count);
      writer.u32(operation.limit).u48(operation.revision);
      writeSelection(operation.selection, writer);
      return;
    default:
      unreachable(operation);
  }
}

function readOperation(reader: ByteReader): KvOperation {
  const type = reader.u8();
  switch (type) {
    case tag.put:
      return readPut(reader);
    case tag.delete:
      return readDelete(reader);
    case tag.get:
      return readGet(reader);
    case tag.range:
      return readRange(reader);
    default:
      throw new MalformedError(`unknown type of operation ${String(type)}`);
  }
}

function readPut(reader: ByteReader): KvPut {
  const flags = readFlags(reader, 2);
  const key = reader.string(maxKeyBytes);
  const value = reader.bytes(maxValueBytes);
  const lease = (flags & 2) === 0 ? noLease : reader.u48();
  return { type: 'put', key, value, previous: (flags & 1) !== 0, lease };
}

function readDelete(reader: ByteReader): KvDelete {
  const previous = reader.boolean();
  return { type: 'delete', selection: readSelection(reader), previous };
}

function readGet(reader: ByteReader): KvGet {
  return { type: 'get', key: reader.string(maxKeyBytes), revision: reader.u48() };
}

function readRange(reader: ByteReader): KvRange {
  const flags = readFlags(reader, 3);
  const limit = reader.u32();
  const revision = reader.u48();
  return {
    type: 'range',
    selection: readSelection(reader),
    limit,
    reverse: (flags & 1) !== 0,
    keysOnly: (flags & 2) !== 0,
    count: (flags & 4) !== 0,
    revision,
  };
}

/** Writes which keys are meant. */
export function writeSelection(selection: KvSelection, writer: ByteWriter): void {
  switch (selection.type) {
    case 'key':
      writer.u8(0).string(selection.key);
      return;
    case 'prefix':
      writer.u8(1).string(selection.prefix);
      return;
    case 'range':
      writer.u8(2).string(selection.from).string(selection.to);
      return;
    default:
      unreachable(selection);
  }
}

/** Reads which keys are meant. */
export function readSelection(reader: ByteReader): KvSelection {
  const type = reader.u8();
  switch (type) {
    case 0:
      return { type: 'key', key: reader.string(maxKeyBytes) };
    case 1:
      return { type: 'prefix', prefix: reader.string(maxKeyBytes) };
    case 2:
      return { type: 'range', from: reader.string(maxKeyBytes), to: reader.string(maxKeyBytes) };
    default:
      throw new MalformedError(`unknown type of selection ${String(type)}`);
  }
}

function writeTransaction(transaction: KvTransaction, writer: ByteWriter): void {
  writer.u8(tag.txn).u32(transaction.compare.length);
  for (const compare of transaction.compare) writeCompare(compare, writer);
  for (const branch of [transaction.then, transaction.else]) {
    writer.u32(branch.length);
    for (const operation of branch) writeOperation(operation, writer);
  }
}

function readTransaction(reader: ByteReader): KvTransaction {
  const compare = readList(reader, maxTransactionCompares, minCompareBytes, readCompare);
  const whenHeld = readList(reader, maxTransactionOperations, minOperationBytes, readOperation);
  const otherwise = readList(reader, maxTransactionOperations, minOperationBytes, readOperation);
  return { type: 'txn', compare, then: whenHeld, else: otherwise };
}

function writeCompare(compare: KvCompare, writer: ByteWriter): void {
  writer
    .u8(targets.indexOf(compare.target))
    .u8(operators.indexOf(compare.operator))
    .string(compare.key);
  if (compare.target === 'value') writer.bytes(compare.value);
  else writer.u48(compare.value);
}

function readCompare(reader: ByteReader): KvCompare {
  const target = targets[reader.u8()];
  const operator = operators[reader.u8()];
  if (target === undefined || operator === undefined) {
    throw new MalformedError('unknown kind of compare');
  }
  const key = reader.string(maxKeyBytes);
  return target === 'value'
    ? { target, key, operator, value: reader.bytes(maxValueBytes) }
    : { target, key, operator, value: reader.u48() };
}

/** @throws InvalidArgumentError if there is a problem. */
export function check(problem: string | undefined): void {
  if (problem !== undefined) throw new InvalidArgumentError(problem);
}
