/**
 * The map itself: an ordered index from each key to its newest version, and the history.
 *
 * The revision counts the commands that changed something, as in etcd: a new map has revision 1 and
 * its first change makes revision 2, so 0 is free to mean "now" in a read and "not there" in a
 * compare. All changes of one command share a revision. A key changes at most once in a revision
 * (commands that would do otherwise are rejected), so "the map at revision r" has one meaning.
 *
 * A deleted key stays in the index as a tombstone until its deletion leaves the history.
 */
import { Hasher, hashHex, HashSum, invariant } from '@quorate/core';
import type { KvSelection } from './commands.ts';
import { type Change, History, isLive, type LiveVersion, type Version } from './history.ts';
import { KeyIndex, type Slot } from './key-index.ts';
import { KeyOrder, utf8Length } from './keys.ts';
import type { Place } from './landmarks.ts';
import { noLease } from './leases/none.ts';
import { type FrozenLeases, LeaseTable } from './leases/table.ts';
import { defaultRetainBytes, defaultRetainRevisions, maxLeaseKeys } from './limits.ts';
import { boundsOf } from './selection.ts';
import { ValueCopier } from './values.ts';

/** Revision of an empty map. */
export const firstRevision = 1;

/** How much history stays readable behind the current revision; whichever bound is reached first. */
export interface Retention {
  readonly revisions: number;
  readonly bytes: number;
}

/** A base version: one that was in force at the compact revision. See snapshot.ts. */
export interface BaseVersion {
  readonly key: string;
  readonly value: Uint8Array;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly position: number;
  readonly version: number;
  readonly lease: number;
}

/** The state as of one moment, safe from later changes. */
export interface FrozenStore {
  readonly revision: number;
  readonly compactRevision: number;
  readonly retention: Retention;
  readonly hash: string;
  readonly leases: FrozenLeases;
  /** The newest version of every key, in order. Once. */
  newest(): Iterable<Version>;
  /** The changes since the compact revision, oldest first. */
  changes(): Iterable<Change>;
}

export class Store {
  readonly #order = new KeyOrder();
  readonly #index = new KeyIndex(this.#order.compare);
  /** Told by each put and deletion which keys hang on which lease. */
  readonly leases: LeaseTable = new LeaseTable(this.#order.compare);
  readonly #history = new History();
  readonly #copier = new ValueCopier();
  readonly #hasher = new Hasher();
  /** Over all versions that can be read, tombstones included. */
  readonly #hashes = new HashSum();
  #revision: number;
  #compactRevision: number;
  #retention: Retention = { revisions: defaultRetainRevisions, bytes: defaultRetainBytes };
  /** Changes of the command at work. */
  #uncommitted = 0;
  #keys = 0;
  #bytes = 0;
  #observer: ((version: Version) => void) | undefined;

  /** @param revision where the store starts: as if everything before had been compacted. */
  constructor(revision: number = firstRevision) {
    this.#revision = revision;
    this.#compactRevision = revision;
  }

  /** The revision of the last change, of the command at work too. */
  get revision(): number {
    return this.#uncommitted === 0 ? this.#revision : this.#revision + 1;
  }

  /** The oldest revision that can be read. */
  get compactRevision(): number {
    return this.#compactRevision;
  }

  get retention(): Retention {
    return this.#retention;
  }

  /** Number of keys that are there. */
  get keys(): number {
    return this.#keys;
  }

  /** Bytes of their keys and values. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Number of changes that can be read back. */
  get changes(): number {
    return this.#history.length;
  }

  /** Bytes held only for the sake of reads at past revisions. */
  get historyBytes(): number {
    return this.#history.bytes;
  }

  /** The newest version of a key, a tombstone too. */
  newest(key: string): Version | undefined {
    return this.#index.get(key);
  }

  /** The newest version of a key that is there. */
  live(key: string): LiveVersion | undefined {
    const version = this.#index.get(key);
    return isLive(version) ? version : undefined;
  }

  /** Puts a copy of the value; returns the version before, if the key was there. */
  put(key: string, value: Uint8Array, lease: number = noLease): LiveVersion | undefined {
    const slot = this.#index.slot(key);
    const before = slot?.version;
    const replaced = isLive(before) ? before : undefined;
    const keyBytes = utf8Length(key);
    const modRevision = this.#revision + 1;
    const version = this.#sealed({
      key,
      value: this.#copier.copy(value),
      createRevision: replaced?.createRevision ?? modRevision,
      modRevision,
      position: this.#uncommitted,
      version: (replaced?.version ?? 0) + 1,
      lease,
      bytes: keyBytes + value.length,
      hashLow: 0,
      hashHigh: 0,
      previous: before,
    });
    if (before === undefined) this.#order.admit(key, keyBytes);
    this.#append(version, before, slot);
    this.#bytes += version.bytes - (replaced?.bytes ?? 0);
    if (replaced === undefined) this.#keys += 1;
    if (replaced?.lease !== lease) {
      this.leases.detach(replaced?.lease ?? noLease, key);
      this.leases.attach(lease, key);
    }
    return replaced;
  }

  /** Deletes a key that is there, given its newest version. */
  delete(live: LiveVersion): void {
    const tombstone = this.#sealed({
      key: live.key,
      value: undefined,
      createRevision: 0,
      modRevision: this.#revision + 1,
      position: this.#uncommitted,
      version: 0,
      lease: noLease,
      bytes: live.bytes - live.value.length,
      hashLow: 0,
      hashHigh: 0,
      previous: live,
    });
    this.#append(tombstone, live, this.#index.slot(live.key));
    this.#bytes -= live.bytes;
    this.#keys -= 1;
    this.leases.detach(live.lease, live.key);
  }

  /** Ends a command: if it changed anything there is a new revision, and old ones may go. */
  commit(): void {
    if (this.#uncommitted === 0) return;
    this.#revision += 1;
    this.#uncommitted = 0;
    this.#trim();
  }

  /** Forgets what was before a revision. It must lie between the compact and the current one. */
  compact(revision: number): void {
    invariant(
      revision >= this.#compactRevision && revision <= this.#revision,
      'history is compacted forwards, and not beyond the present',
    );
    this.#compactRevision = revision;
    for (;;) {
      const oldest = this.#history.oldest;
      if (oldest === undefined || oldest.version.modRevision > revision) return;
      this.#history.dropOldest();
      this.#forget(oldest);
    }
  }

  /** Sets how much history to keep from now on, and forgets what is over. */
  retain(retention: Retention): void {
    this.#retention = retention;
    this.#trim();
  }

  /** Has each change told as it happens, before its command is at its end. */
  observe(observer: (version: Version) => void): void {
    this.#observer = observer;
  }

  /** The first change that does not lie in front of a place; those behind it are linked to it. */
  changesFrom(place: Place): Change | undefined {
    return this.#history.from(place);
  }

  /** Adds a version that was in force at the compact revision. False if its key has one already. */
  load(base: BaseVersion): boolean {
    const keyBytes = utf8Length(base.key);
    const version = this.#sealed({
      key: base.key,
      value: this.#copier.copy(base.value),
      createRevision: base.createRevision,
      modRevision: base.modRevision,
      position: base.position,
      version: base.version,
      lease: base.lease,
      bytes: keyBytes + base.value.length,
      hashLow: 0,
      hashHigh: 0,
      previous: undefined,
    });
    this.#order.admit(base.key, keyBytes);
    if (this.#index.get(base.key) !== undefined) return false;
    this.#index.replace(undefined, version);
    this.#hashes.add(version.hashLow, version.hashHigh);
    this.#keys += 1;
    this.#bytes += version.bytes;
    return true;
  }

  /** Hangs the keys of a snapshot on their leases. False if one of these is not there, or has too many. */
  attachLeases(): boolean {
    for (const { key, lease } of this.#index.values()) {
      if (lease === noLease) continue;
      if (this.leases.get(lease) === undefined) return false;
      this.leases.attach(lease, key);
      if (this.leases.keyCount(lease) > maxLeaseKeys) return false;
    }
    return true;
  }

  /** The newest versions, tombstones too, of the keys selected, in order. Change nothing meanwhile. */
  *scan(selection: KvSelection, reverse: boolean): Generator<Version, void, undefined> {
    if (selection.type === 'key') {
      const version = this.#index.get(selection.key);
      if (version !== undefined) yield version;
      return;
    }
    const { from, to } = boundsOf(selection);
    const { compare } = this.#order;
    if (reverse) {
      for (const version of this.#index.before(to)) {
        if (compare(version.key, from) < 0) return;
        yield version;
      }
    } else {
      for (const version of this.#index.from(from)) {
        if (to !== undefined && compare(version.key, to) >= 0) return;
        yield version;
      }
    }
  }

  /** Digest of everything that can be read, and of the counters. Costs the same however much it is. */
  hash(): string {
    return hashHex(
      this.#hasher
        .start()
        .number(this.#revision)
        .number(this.#compactRevision)
        .number(this.#retention.revisions)
        .number(this.#retention.bytes)
        .number(this.#hashes.low >>> 0)
        .number(this.#hashes.high >>> 0)
        .number(this.leases.clock)
        .number(this.leases.next)
        .number(this.leases.hashes.low >>> 0)
        .number(this.leases.hashes.high >>> 0)
        .finish(),
    );
  }

  /** The state as of now, at the cost of a pointer: the index copies a node before it next changes it. */
  freeze(): FrozenStore {
    return {
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      retention: this.#retention,
      hash: this.hash(),
      leases: this.leases.freeze(),
      newest: this.#index.freeze(),
      changes: this.#history.freeze(),
    };
  }

  /** Fills in the hash. */
  #sealed(version: Version): Version {
    const hash = this.#hasher
      .start()
      .text(version.key)
      .number(version.createRevision)
      .number(version.modRevision)
      .number(version.position)
      .number(version.version)
      .number(version.lease);
    if (version.value !== undefined) hash.bytes(version.value);
    hash.finish();
    version.hashLow = hash.low;
    version.hashHigh = hash.high;
    return version;
  }

  #append(version: Version, superseded: Version | undefined, slot: Slot | undefined): void {
    this.#index.replace(slot, version);
    this.#history.append(version, superseded);
    this.#hashes.add(version.hashLow, version.hashHigh);
    this.#uncommitted += 1;
    this.#observer?.(version);
  }

  /** What nobody can read once a change has left the history: what it superseded, and its tombstone. */
  #forget({ version, superseded }: Change): void {
    if (isLive(superseded)) this.#hashes.subtract(superseded.hashLow, superseded.hashHigh);
    if (isLive(version)) return;
    this.#hashes.subtract(version.hashLow, version.hashHigh);
    if (this.#index.get(version.key) === version) this.#index.delete(version.key);
  }

  /** Every change is dropped once, so this costs each change a constant, whenever it happens. */
  #trim(): void {
    const { revisions, bytes } = this.#retention;
    for (;;) {
      const oldest = this.#history.oldest;
      if (oldest === undefined) return;
      const over = this.#revision - this.#compactRevision > revisions;
      if (!over && this.#history.bytes <= bytes) return;
      this.compact(oldest.version.modRevision);
    }
  }
}
