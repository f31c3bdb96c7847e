/**
 * The binary form of results and answers. Both have one set of types, so that a transaction's result
 * and a query's answer are written alike.
 */
import {
  type ByteReader,
  type ByteWriter,
  type Codec,
  MalformedError,
  unreachable,
} from '@quorate/core';
import {
  readLeaseAnswer,
  readLeaseResult,
  writeLeaseAnswer,
  writeLeaseResult,
} from './leases/codec.ts';
import { maxKeyBytes, maxRangeLimit, maxTransactionOperations, maxValueBytes } from './limits.ts';
import type {
  KvAnswer,
  KvGetAnswer,
  KvInfoAnswer,
  KvOperationResult,
  KvPair,
  KvRangeAnswer,
  KvResult,
  KvTransactionResult,
} from './results.ts';
import { readFlags, readList, tag, writeFlags } from './wire.ts';

/** Fewest bytes of a pair and of a result, for counts that are not to be believed. */
const minPairBytes = 27;
const minResultBytes = 8;
const hashDigits = 16;

/** The codec of results. */
export const resultCodec: Codec<KvResult> = {
  encode(result, writer) {
    switch (result.type) {
      case 'put':
      case 'delete':
        writeOperationResult(result, writer);
        return;
      case 'txn':
        writeTransactionResult(result, writer);
        return;
      case 'compact':
      case 'retain':
        writer.u8(tag[result.type]).u48(result.revision).u48(result.compactRevision);
        return;
      case 'lease-grant':
      case 'lease-keep-alive':
      case 'lease-revoke':
        writeLeaseResult(result, writer);
        return;
      default:
        unreachable(result);
    }
  },
  decode(reader) {
    const type = reader.u8();
    switch (type) {
      case tag.put:
        return readPutResult(reader);
      case tag.delete:
        return readDeleteResult(reader);
      case tag.txn:
        return readTransactionResult(reader);
      case tag.compact:
        return { type: 'compact', revision: reader.u48(), compactRevision: reader.u48() };
      case tag.retain:
        return { type: 'retain', revision: reader.u48(), compactRevision: reader.u48() };
      case tag['lease-grant']:
        return readLeaseResult('lease-grant', reader);
      case tag['lease-keep-alive']:
        return readLeaseResult('lease-keep-alive', reader);
      case tag['lease-revoke']:
        return readLeaseResult('lease-revoke', reader);
      default:
        throw new MalformedError(`unknown type of result ${String(type)}`);
    }
  },
};

/** The codec of answers. */
export const answerCodec: Codec<KvAnswer> = {
  encode(answer, writer) {
    switch (answer.type) {
      case 'get':
      case 'range':
        writeOperationResult(answer, writer);
        return;
      case 'info':
        writeInfo(answer, writer);
        return;
      case 'compacted':
        writer.u8(tag.compacted).u48(answer.revision).u48(answer.compactRevision);
        return;
      case 'future':
        writer.u8(tag.future).u48(answer.revision).u48(answer.currentRevision);
        return;
      case 'lease-info':
      case 'lease-list':
        writeLeaseAnswer(answer, writer);
        return;
      default:
        unreachable(answer);
    }
  },
  decode(reader) {
    const type = reader.u8();
    switch (type) {
      case tag.get:
        return readGetAnswer(reader);
      case tag.range:
        return readRangeAnswer(reader);
      case tag.info:
        return readInfo(reader);
      case tag.compacted:
        return { type: 'compacted', revision: reader.u48(), compactRevision: reader.u48() };
      case tag.future:
        return { type: 'future', revision: reader.u48(), currentRevision: reader.u48() };
      case tag['lease-info']:
        return readLeaseAnswer('lease-info', reader);
      case tag['lease-list']:
        return readLeaseAnswer('lease-list', reader);
      default:
        throw new MalformedError(`unknown type of answer ${String(type)}`);
    }
  },
};

function writeOperationResult(result: KvOperationResult, writer: ByteWriter): void {
  switch (result.type) {
    case 'put':
      writer.u8(tag.put).u48(result.revision);
      writeOptionalPair(result.previous, writer);
      return;
    case 'delete':
      writer.u8(tag.delete).u48(result.revision).u48(result.deleted);
      writePairs(result.previous, writer);
      return;
    case 'get':
      writer.u8(tag.get).u48(result.revision);
      writeOptionalPair(result.pair, writer);
      return;
    case 'range':
      writeFlags(writer.u8(tag.range), result.more, result.count !== undefined);
      writer.u48(result.revision);
      if (result.count !== undefined) writer.u48(result.count);
      writePairs(result.pairs, writer);
      return;
    default:
      unreachable(result);
  }
}

function readOperationResult(reader: ByteReader): KvOperationResult {
  const type = reader.u8();
  switch (type) {
    case tag.put:
      return readPutResult(reader);
    case tag.delete:
      return readDeleteResult(reader);
    case tag.get:
      return readGetAnswer(reader);
    case tag.range:
      return readRangeAnswer(reader);
    default:
      throw new MalformedError(`unknown type of result ${String(type)}`);
  }
}

function readPutResult(reader: ByteReader): KvOperationResult & { readonly type: 'put' } {
  const revision = reader.u48();
  const previous = readOptionalPair(reader);
  return previous === undefined ? { type: 'put', revision } : { type: 'put', revision, previous };
}

function readDeleteResult(reader: ByteReader): KvOperationResult & { readonly type: 'delete' } {
  const revision = reader.u48();
  const deleted = reader.u48();
  return { type: 'delete', revision, deleted, previous: readPairs(reader, deleted) };
}

function readGetAnswer(reader: ByteReader): KvGetAnswer {
  const revision = reader.u48();
  const pair = readOptionalPair(reader);
  return pair === undefined ? { type: 'get', revision } : { type: 'get', revision, pair };
}

function readRangeAnswer(reader: ByteReader): KvRangeAnswer {
  const flags = readFlags(reader, 2);
  const more = (flags & 1) !== 0;
  const revision = reader.u48();
  const count = (flags & 2) !== 0 ? reader.u48() : undefined;
  const pairs = readPairs(reader, maxRangeLimit);
  return count === undefined
    ? { type: 'range', revision, pairs, more }
    : { type: 'range', revision, pairs, more, count };
}

function writeTransactionResult(result: KvTransactionResult, writer: ByteWriter): void {
  writer.u8(tag.txn).u48(result.revision).boolean(result.succeeded).u32(result.results.length);
  for (const part of result.results) writeOperationResult(part, writer);
}

function readTransactionResult(reader: ByteReader): KvTransactionResult {
  const revision = reader.u48();
  const succeeded = reader.boolean();
  const results = readList(reader, maxTransactionOperations, minResultBytes, readOperationResult);
  return { type: 'txn', revision, succeeded, results };
}

function writeInfo(info: KvInfoAnswer, writer: ByteWriter): void {
  writer
    .u8(tag.info)
    .u48(info.revision)
    .u48(info.compactRevision)
    .u48(info.keys)
    .u48(info.bytes)
    .u48(info.changes)
    .u48(info.historyBytes)
    .u48(info.retainRevisions)
    .u48(info.retainBytes)
    .u48(info.leases)
    .string(info.hash);
}

function readInfo(reader: ByteReader): KvInfoAnswer {
  return {
    type: 'info',
    revision: reader.u48(),
    compactRevision: reader.u48(),
    keys: reader.u48(),
    bytes: reader.u48(),
    changes: reader.u48(),
    historyBytes: reader.u48(),
    retainRevisions: reader.u48(),
    retainBytes: reader.u48(),
    leases: reader.u48(),
    hash: reader.string(hashDigits),
  };
}

function writeOptionalPair(pair: KvPair | undefined, writer: ByteWriter): void {
  writer.boolean(pair !== undefined);
  if (pair !== undefined) writePair(pair, writer);
}

function readOptionalPair(reader: ByteReader): KvPair | undefined {
  return reader.boolean() ? readPair(reader) : undefined;
}

function writePairs(pairs: readonly KvPair[], writer: ByteWriter): void {
  writer.u32(pairs.length);
  for (const pair of pairs) writePair(pair, writer);
}

function readPairs(reader: ByteReader, maxPairs: number): readonly KvPair[] {
  return readList(reader, maxPairs, minPairBytes, readPair);
}

/** Writes a pair. */
export function writePair(pair: KvPair, writer: ByteWriter): void {
  writeFlags(writer, pair.lease !== undefined);
  writer
    .u48(pair.createRevision)
    .u48(pair.modRevision)
    .u48(pair.version)
    .string(pair.key)
    .bytes(pair.value);
  if (pair.lease !== undefined) writer.u48(pair.lease);
}

/** Reads a pair. */
export function readPair(reader: ByteReader): KvPair {
  const flags = readFlags(reader, 1);
  const createRevision = reader.u48();
  const modRevision = reader.u48();
  const version = reader.u48();
  const key = reader.string(maxKeyBytes);
  const pair = { key, value: reader.bytes(maxValueBytes), createRevision, modRevision, version };
  return (flags & 1) === 0 ? pair : { ...pair, lease: reader.u48() };
}
