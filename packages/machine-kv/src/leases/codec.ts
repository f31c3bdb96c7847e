/**
 * The binary form of what is asked and said about leases.
 */
import { type ByteReader, type ByteWriter, unreachable } from '@quorate/core';
import { maxKeyBytes, maxRangeLimit } from '../limits.ts';
import { readList, tag } from '../wire.ts';
import type { KvLeaseCommand, KvLeaseQuery } from './commands.ts';
import type { KvLease, KvLeaseAnswer, KvLeaseResult } from './results.ts';

/** Fewest bytes of a key and of a lease, for counts that are not to be believed. */
const minKeyBytes = 5;
const leaseBytes = 24;

/** Writes a command, its type first. */
export function writeLeaseCommand(command: KvLeaseCommand, writer: ByteWriter): void {
  writer.u8(tag[command.type]).u48(command.lease);
  if (command.type === 'lease-grant') writer.u48(command.ttlMs);
}

/** Reads a command whose type has been read. */
export function readLeaseCommand(type: KvLeaseCommand['type'], reader: ByteReader): KvLeaseCommand {
  const lease = reader.u48();
  return type === 'lease-grant' ? { type, lease, ttlMs: reader.u48() } : { type, lease };
}

/** Writes a query, its type first. */
export function writeLeaseQuery(query: KvLeaseQuery, writer: ByteWriter): void {
  writer.u8(tag[query.type]).u32(query.limit);
  if (query.type === 'lease-info') writer.u48(query.lease).string(query.from);
  else writer.u48(query.from);
}

/** Reads a query whose type has been read. */
export function readLeaseQuery(type: KvLeaseQuery['type'], reader: ByteReader): KvLeaseQuery {
  const limit = reader.u32();
  if (type === 'lease-list') return { type, from: reader.u48(), limit };
  return { type, lease: reader.u48(), from: reader.string(maxKeyBytes), limit };
}

/** Writes a result, its type first. */
export function writeLeaseResult(result: KvLeaseResult, writer: ByteWriter): void {
  writer.u8(tag[result.type]).u48(result.lease);
  switch (result.type) {
    case 'lease-grant':
      writer.u48(result.ttlMs);
      return;
    case 'lease-keep-alive':
      writer.boolean(result.found).u48(result.ttlMs);
      return;
    case 'lease-revoke':
      writer.boolean(result.found).u48(result.revision).u48(result.deleted);
      return;
    default:
      unreachable(result);
  }
}

/** Reads a result whose type has been read. */
export function readLeaseResult(type: KvLeaseResult['type'], reader: ByteReader): KvLeaseResult {
  const lease = reader.u48();
  switch (type) {
    case 'lease-grant':
      return { type, lease, ttlMs: reader.u48() };
    case 'lease-keep-alive':
      return { type, lease, found: reader.boolean(), ttlMs: reader.u48() };
    case 'lease-revoke': {
      const found = reader.boolean();
      return { type, lease, found, revision: reader.u48(), deleted: reader.u48() };
    }
    default:
      return unreachable(type);
  }
}

/** Writes an answer, its type first. */
export function writeLeaseAnswer(answer: KvLeaseAnswer, writer: ByteWriter): void {
  writer.u8(tag[answer.type]).boolean(answer.more);
  if (answer.type === 'lease-list') {
    writer.u32(answer.leases.length);
    for (const lease of answer.leases) writeLease(lease, writer);
    return;
  }
  writer.boolean(answer.lease !== undefined);
  if (answer.lease !== undefined) writeLease(answer.lease, writer);
  writer.u32(answer.keys.length);
  for (const key of answer.keys) writer.string(key);
}

/** Reads an answer whose type has been read. */
export function readLeaseAnswer(type: KvLeaseAnswer['type'], reader: ByteReader): KvLeaseAnswer {
  const more = reader.boolean();
  if (type === 'lease-list') {
    return { type, leases: readList(reader, maxRangeLimit, leaseBytes, readLease), more };
  }
  const lease = reader.boolean() ? readLease(reader) : undefined;
  const keys = readList(reader, maxRangeLimit, minKeyBytes, readKey);
  return lease === undefined ? { type, keys, more } : { type, lease, keys, more };
}

function writeLease(lease: KvLease, writer: ByteWriter): void {
  writer.u48(lease.lease).u48(lease.ttlMs).u48(lease.remainingMs).u48(lease.keyCount);
}

function readLease(reader: ByteReader): KvLease {
  return {
    lease: reader.u48(),
    ttlMs: reader.u48(),
    remainingMs: reader.u48(),
    keyCount: reader.u48(),
  };
}

function readKey(reader: ByteReader): string {
  return reader.string(maxKeyBytes);
}
