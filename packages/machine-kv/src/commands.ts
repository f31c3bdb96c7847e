/**
 * What can be asked of the map: commands, which may change it, and queries; and how to write them.
 */
import { utf8 } from '@quorate/core';
import {
  type KvLeaseCommand,
  type KvLeaseLanguage,
  type KvLeaseQuery,
  leaseLanguage,
} from './leases/commands.ts';
import { noLease } from './leases/none.ts';
import { defaultRangeLimit } from './limits.ts';
import { type KvWatchLanguage, watchOf } from './watches/requests.ts';

/** Which keys are meant. */
export type KvSelection =
  | { readonly type: 'key'; readonly key: string }
  /** All keys that start with `prefix`; with the empty text, all. */
  | { readonly type: 'prefix'; readonly prefix: string }
  /** All keys from `from`, included, to `to`, excluded, by code point; the empty text is no bound. */
  | { readonly type: 'range'; readonly from: string; readonly to: string };

/** Sets the value of a key. */
export interface KvPut {
  readonly type: 'put';
  readonly key: string;
  readonly value: Uint8Array;
  /** Whether the result holds the pair that was there before. */
  readonly previous: boolean;
  /** The lease that the key hangs on from now on; 0: none. Rejected if it is not there. */
  readonly lease: number;
}

/** Deletes keys. Deleting nothing is an ordinary result and makes no revision. */
export interface KvDelete {
  readonly type: 'delete';
  readonly selection: KvSelection;
  /** Whether the result holds the pairs that were there before. */
  readonly previous: boolean;
}

/** Reads one key. */
export interface KvGet {
  readonly type: 'get';
  readonly key: string;
  /** The revision to read at; 0: now. */
  readonly revision: number;
}

/** Reads keys in order. */
export interface KvRange {
  readonly type: 'range';
  readonly selection: KvSelection;
  /** Most pairs to answer with; 0 is useful with `count`. */
  readonly limit: number;
  /** From the last key to the first. */
  readonly reverse: boolean;
  /** Leaves the values out. */
  readonly keysOnly: boolean;
  /** Whether to count all keys selected, beyond the limit too: a walk over all of them. */
  readonly count: boolean;
  /** The revision to read at; 0: now. */
  readonly revision: number;
}

/** How a compare compares. */
export type KvOperator = '=' | '!=' | '<' | '>';

/** The numbers of a key that can be compared. All are 0 for a key that is not there. */
export type KvCounter = 'version' | 'createRevision' | 'modRevision' | 'lease';

/**
 * A condition of a transaction. Values are ordered as byte strings; a key that is not there has none,
 * so no compare of its value holds, `!=` neither (as in etcd).
 */
export type KvCompare =
  | {
      readonly target: 'value';
      readonly key: string;
      readonly operator: KvOperator;
      readonly value: Uint8Array;
    }
  | {
      readonly target: KvCounter;
      readonly key: string;
      readonly operator: KvOperator;
      readonly value: number;
    };

/** What a transaction can do. Its reads see what its own earlier operations did, and no past revision. */
export type KvOperation = KvPut | KvDelete | KvGet | KvRange;

/**
 * If all compares hold, does `then`, otherwise `else`: in order, as a whole, in one revision. No key
 * may be put twice, or put and deleted, in one branch.
 */
export interface KvTransaction {
  readonly type: 'txn';
  readonly compare: readonly KvCompare[];
  readonly then: readonly KvOperation[];
  readonly else: readonly KvOperation[];
}

/** Forgets everything that can only be read at revisions before this one. */
export interface KvCompact {
  readonly type: 'compact';
  readonly revision: number;
}

/** Sets how much history is kept from now on. Part of the replicated state, so equal everywhere. */
export interface KvRetain {
  readonly type: 'retain';
  readonly revisions: number;
  readonly bytes: number;
}

/** Asks for the counters of the map. */
export interface KvInfoQuery {
  readonly type: 'info';
}

/** Everything that goes through the log. */
export type KvCommand = KvPut | KvDelete | KvTransaction | KvCompact | KvRetain | KvLeaseCommand;

/** Everything that only reads. */
export type KvQuery = KvGet | KvRange | KvInfoQuery | KvLeaseQuery;

/** A value: bytes, or text that is taken as UTF-8. */
export type KvValue = string | Uint8Array;

/** Keys to select: one by its name, or several. */
export type KvKeys = string | KvSpan;

/** Several keys: those with a prefix, or those between two bounds. */
export type KvSpan =
  | { readonly prefix: string }
  | {
      /** First key. @default the first there is */
      readonly from?: string;
      /** Where to stop: the first key that is not meant. @default behind the last there is */
      readonly to?: string;
    };

/** Options of a put or delete. */
export interface KvWriteOptions {
  /** Return what was there before. @default false */
  readonly previous?: boolean;
}

/** Options of a put. */
export interface KvPutOptions extends KvWriteOptions {
  /** The lease that the key hangs on from now on. @default none, also if it hung on one before */
  readonly lease?: number;
}

/** Options of a read. */
export interface KvReadOptions {
  /** Revision to read at. @default now */
  readonly revision?: number;
}

/** Options of a range read. */
export interface KvRangeOptions extends KvReadOptions {
  /** Most pairs to answer with, up to `maxRangeLimit`. @default 1000 */
  readonly limit?: number;
  /** From the last key to the first. @default false */
  readonly reverse?: boolean;
  /** Leave the values out. @default false */
  readonly keysOnly?: boolean;
  /** Count all keys selected, beyond the limit too. @default false */
  readonly count?: boolean;
}

/** The parts of a transaction. */
export interface KvTransactionParts {
  /** All must hold. @default none, so `then` is done */
  readonly compare?: readonly KvCompare[];
  /** @default nothing */
  readonly then?: readonly KvOperation[];
  /** @default nothing */
  readonly else?: readonly KvOperation[];
}

/** Conditions on one key. */
export interface KvConditions {
  exists(): KvCompare;
  missing(): KvCompare;
  value(operator: KvOperator, value: KvValue): KvCompare;
  version(operator: KvOperator, version: number): KvCompare;
  createRevision(operator: KvOperator, revision: number): KvCompare;
  modRevision(operator: KvOperator, revision: number): KvCompare;
  /** The lease that the key hangs on; 0 if it hangs on none. */
  lease(operator: KvOperator, lease: number): KvCompare;
}

/** How to write commands, queries and the parts of transactions. */
export interface KvLanguage {
  put(key: string, value: KvValue, options?: KvPutOptions): KvPut;
  delete(keys: KvKeys, options?: KvWriteOptions): KvDelete;
  get(key: string, options?: KvReadOptions): KvGet;
  range(options: KvSpan & KvRangeOptions): KvRange;
  txn(parts: KvTransactionParts): KvTransaction;
  /** A condition of a transaction: `kv.when('a').version('=', 3)`. */
  when(key: string): KvConditions;
  compact(revision: number): KvCompact;
  retain(retention: { readonly revisions: number; readonly bytes: number }): KvRetain;
  info(): KvInfoQuery;
  readonly lease: KvLeaseLanguage;
  /** What to hand to `watch` of a machine. */
  readonly watch: KvWatchLanguage;
}

/**
 * Writes commands and queries. They are plain data: what is wrong with one is said when it is encoded
 * or applied.
 */
export const kv: KvLanguage = {
  put: (key, value, options) => ({
    type: 'put',
    key,
    value: bytesOf(value),
    previous: options?.previous ?? false,
    lease: options?.lease ?? noLease,
  }),
  delete: (keys, options) => ({
    type: 'delete',
    selection: selectionOf(keys),
    previous: options?.previous ?? false,
  }),
  get: (key, options) => ({ type: 'get', key, revision: options?.revision ?? 0 }),
  range: (options) => ({
    type: 'range',
    selection: selectionOf(options),
    limit: options.limit ?? defaultRangeLimit,
    reverse: options.reverse ?? false,
    keysOnly: options.keysOnly ?? false,
    count: options.count ?? false,
    revision: options.revision ?? 0,
  }),
  txn: (parts) => ({
    type: 'txn',
    compare: parts.compare ?? [],
    then: parts.then ?? [],
    else: parts.else ?? [],
  }),
  when: (key) => ({
    // A key that is there has a version from 1, one that is not has 0: no compare of its own needed.
    exists: () => ({ target: 'version', key, operator: '>', value: 0 }),
    missing: () => ({ target: 'version', key, operator: '=', value: 0 }),
    value: (operator, value) => ({ target: 'value', key, operator, value: bytesOf(value) }),
    version: (operator, value) => ({ target: 'version', key, operator, value }),
    createRevision: (operator, value) => ({ target: 'createRevision', key, operator, value }),
    modRevision: (operator, value) => ({ target: 'modRevision', key, operator, value }),
    lease: (operator, value) => ({ target: 'lease', key, operator, value }),
  }),
  compact: (revision) => ({ type: 'compact', revision }),
  retain: ({ revisions, bytes }) => ({ type: 'retain', revisions, bytes }),
  info: () => ({ type: 'info' }),
  lease: leaseLanguage,
  watch: (keys, options) => watchOf(selectionOf(keys), options),
};

function bytesOf(value: KvValue): Uint8Array {
  return typeof value === 'string' ? utf8(value) : value;
}

function selectionOf(keys: KvKeys): KvSelection {
  if (typeof keys === 'string') return { type: 'key', key: keys };
  if ('prefix' in keys) return { type: 'prefix', prefix: keys.prefix };
  return { type: 'range', from: keys.from ?? '', to: keys.to ?? '' };
}
