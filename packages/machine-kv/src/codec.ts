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
import { commandProblem, queryProblem } from './validate.ts';
import { readFlags, tag, writeFlags } from './wire.ts';

const operators: readonly KvOperator[] = ['=', '!=', '<', '>'];
const targets = ['value', 'version', 'createRevision', 'modRevision'] as const;

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
      default:
        throw new MalformedError(`unknown type of command ${String(type)}`);
    }
  },
};

/** The codec of queries. `encode` throws InvalidArgumentError for one that makes no sense. */
export const queryCodec: Codec<KvQuery> = {
  encode(query, writer) {
    check(queryProblem(query));
    if (query.type === 'info') writer.u8(tag.info);
    else writeOperation(query, writer);
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
      default:
        throw new MalformedError(`unknown type of query ${String(type)}`);
    }
  },
};

function writeOperation(operation: KvOperation, writer: ByteWriter): void {
  switch (operation.type) {
    case 'put':
      writer.u8(tag.put).boolean(operation.previous).string(operation.key).bytes(operation.value);
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
  const previous = reader.boolean();
  const key = reader.string(maxKeyBytes);
  return { type: 'put', key, value: reader.bytes(maxValueBytes), previous };
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

function writeSelection(selection: KvSelection, writer: ByteWriter): void {
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

function readSelection(reader: ByteReader): KvSelection {
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
  const compare = list(reader, maxTransactionCompares, minCompareBytes, readCompare);
  const whenHeld = list(reader, maxTransactionOperations, minOperationBytes, readOperation);
  const otherwise = list(reader, maxTransactionOperations, minOperationBytes, readOperation);
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

function list<Item>(
  reader: ByteReader,
  maxItems: number,
  minItemBytes: number,
  read: (reader: ByteReader) => Item,
): readonly Item[] {
  const count = reader.count(minItemBytes);
  if (count > maxItems) {
    throw new MalformedError(`${String(count)} items are more than ${String(maxItems)}`);
  }
  return Array.from({ length: count }, () => read(reader));
}

function check(problem: string | undefined): void {
  if (problem !== undefined) throw new InvalidArgumentError(problem);
}
