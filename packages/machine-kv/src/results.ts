/**
 * What the map says: results of commands, answers to queries.
 */
import { CompactedError, InvalidArgumentError } from '@quorate/core';
import type { KvLeaseAnswer, KvLeaseResult } from './leases/results.ts';

/** A key, its value and its numbers. The bytes may share their buffer with those of other pairs. */
export interface KvPair {
  readonly key: string;
  /** Empty where only keys were asked for. */
  readonly value: Uint8Array;
  /** Revision at which the key came into being, the last time it did. */
  readonly createRevision: number;
  /** Revision of its last change. */
  readonly modRevision: number;
  /** Number of puts since it came into being, from 1. */
  readonly version: number;
  /** The lease that the key hangs on. Absent if it hangs on none. */
  readonly lease?: number;
}

export interface KvPutResult {
  readonly type: 'put';
  /** The revision that the put made. */
  readonly revision: number;
  /** What was there before, if asked for and if something was. */
  readonly previous?: KvPair;
}

export interface KvDeleteResult {
  readonly type: 'delete';
  /** The revision that the deletion made; the current one if it deleted nothing. */
  readonly revision: number;
  readonly deleted: number;
  /** What was there before, in order; empty unless asked for. */
  readonly previous: readonly KvPair[];
}

export interface KvGetAnswer {
  readonly type: 'get';
  /** The revision that was read. */
  readonly revision: number;
  /** Absent if the key was not there. */
  readonly pair?: KvPair;
}

export interface KvRangeAnswer {
  readonly type: 'range';
  /** The revision that was read: ask for it again to read on in the same state. */
  readonly revision: number;
  readonly pairs: readonly KvPair[];
  /** Whether there are more: the limit or `maxAnswerBytes` was reached. */
  readonly more: boolean;
  /** Number of all keys selected, if asked for. */
  readonly count?: number;
}

/** What an operation of a transaction says. */
export type KvOperationResult = KvPutResult | KvDeleteResult | KvGetAnswer | KvRangeAnswer;

export interface KvTransactionResult {
  readonly type: 'txn';
  /** The revision that the transaction made; the current one if it changed nothing. */
  readonly revision: number;
  /** Whether all compares held, and so which branch was done. */
  readonly succeeded: boolean;
  /** One for each operation of that branch, in order. */
  readonly results: readonly KvOperationResult[];
}

export interface KvCompactResult {
  readonly type: 'compact';
  readonly revision: number;
  /** The oldest revision that can still be read. */
  readonly compactRevision: number;
}

export interface KvRetainResult {
  readonly type: 'retain';
  readonly revision: number;
  /** The oldest revision that can still be read. */
  readonly compactRevision: number;
}

/** The read was for a revision that has been forgotten. */
export interface KvCompactedAnswer {
  readonly type: 'compacted';
  /** The revision that was asked for. */
  readonly revision: number;
  /** The oldest revision that can be read. */
  readonly compactRevision: number;
}

/** The read was for a revision that is not there yet, here. */
export interface KvFutureAnswer {
  readonly type: 'future';
  /** The revision that was asked for. */
  readonly revision: number;
  readonly currentRevision: number;
}

export interface KvInfoAnswer {
  readonly type: 'info';
  /** Number of commands that changed something, plus 1. */
  readonly revision: number;
  /** The oldest revision that can be read. */
  readonly compactRevision: number;
  readonly keys: number;
  /** Bytes of all keys and values that are there. */
  readonly bytes: number;
  /** Changes since the compact revision. */
  readonly changes: number;
  /** Bytes held only for reads at past revisions. */
  readonly historyBytes: number;
  /** Most revisions kept behind the current one. */
  readonly retainRevisions: number;
  /** Most `historyBytes` kept. */
  readonly retainBytes: number;
  /** Number of leases. */
  readonly leases: number;
  /** Digest of the state; equal on all replicas at the same index. */
  readonly hash: string;
}

/** Result of a command. */
export type KvResult =
  | KvPutResult
  | KvDeleteResult
  | KvTransactionResult
  | KvCompactResult
  | KvRetainResult
  | KvLeaseResult;

/** Answer to a query. */
export type KvAnswer =
  | KvGetAnswer
  | KvRangeAnswer
  | KvInfoAnswer
  | KvCompactedAnswer
  | KvFutureAnswer
  | KvLeaseAnswer;

/**
 * Narrows a result or an answer to the type that it must have:
 * `expectType(await replica.execute(kv.put('a', '1')), 'put').revision`.
 *
 * @throws CompactedError where a read was for a revision that has been forgotten.
 * @throws InvalidArgumentError where it has another type.
 */
export function expectType<
  Union extends { readonly type: string },
  const Type extends Union['type'],
>(value: Union, type: Type): Union & { readonly type: Type } {
  if (hasType(value, type)) return value;
  if (value.type === 'compacted') {
    throw new CompactedError(
      'the revision to read at has been compacted; read at a newer one, or now',
    );
  }
  throw new InvalidArgumentError(
    `expected '${type}', got '${value.type}'; narrow by the type of what was asked`,
  );
}

function hasType<Union extends { readonly type: string }, Type extends Union['type']>(
  value: Union,
  type: Type,
): value is Union & { readonly type: Type } {
  return value.type === type;
}
