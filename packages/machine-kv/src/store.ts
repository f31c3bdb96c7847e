/**
 * The map itself: an ordered index from each key to its newest version, and the history.
 *
 * The revision counts the commands that changed something, as in etcd: a new map has revision 1 and
 * its first change makes revision 2, so 0 is free to mean "now" in a read and "not there" in a
 * compare. All changes of one command share a revision. A key changes at most once in a revision
 * (commands that would do otherwise are rejected), so "the map at revision r" has one meaning.
 *
 *     key-index.ts       key → slot → newest version
 *     version-table.ts   the numbers of each version, and the one before it
 *     value-log.ts       the values
 *     history.ts         the changes that can be read back
 *     frozen.ts          all of it as it was at one moment
 *
 * A version that nobody can read any more is given back: so ids of versions are for those who are done with them
 * before the next command. A deleted key stays in the index as a tombstone until its deletion has left the history.
 */
import { Hasher, hashHex, HashSum, invariant } from '@quorate/core';
import type { KvSelection } from './commands.ts';
import { type FrozenStore, frozen } from './frozen.ts';
import { History, type Sequence } from './history.ts';
import { KeyIndex } from './key-index.ts';
import type { Slot } from './key-table.ts';
import { KeyOrder, utf8Length } from './keys.ts';
import { noLease } from './leases/none.ts';
import { LeaseTable } from './leases/table.ts';
import { defaultRetainBytes, defaultRetainRevisions, maxLeaseKeys } from './limits.ts';
import { boundsOf } from './selection.ts';
import { ValueCopier } from './value-copier.ts';
import { type Place, ValueLog } from './value-log.ts';
import {
  groupSize,
  noPlace,
  noVersion,
  type VersionFields,
  type VersionId,
  VersionTable,
} from './version-table.ts';

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

export class Store {
  readonly versions: VersionTable = new VersionTable();
  readonly history: History = new History(this.versions);
  readonly #values = new ValueLog(this.versions);
  /** Of what a group of changes superseded. */
  readonly #places = new Float64Array(groupSize);
  readonly #copier = new ValueCopier();
  readonly #order = new KeyOrder();
  readonly #index = new KeyIndex(this.#order.compare);
  /** Told by each put and deletion which keys hang on which lease. */
  readonly leases: LeaseTable = new LeaseTable(this.#order.compare);
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
  #observer: ((id: VersionId) => void) | undefined;

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

  /** The newest version of a key, a tombstone too. */
  newest(key: string): VersionId {
    const slot = this.#index.find(key);
    return slot === undefined ? noVersion : this.#index.newest(slot);
  }

  /** The newest version of a key that is there. */
  live(key: string): VersionId {
    const id = this.newest(key);
    return this.versions.isLive(id) ? id : noVersion;
  }

  /** The key that a version is one of. */
  keyOf(id: VersionId): string {
    return this.#index.key(this.versions.slot(id));
  }

  /** The value of a live version, as a view that is good until the next command. */
  viewOfValue(id: VersionId): Uint8Array {
    return this.#values.view(this.versions.place(id));
  }

  /** The value of a live version, for whoever keeps it. */
  copyOfValue(id: VersionId): Uint8Array {
    return this.#copier.copy(this.viewOfValue(id));
  }

  /** Puts a copy of the value; returns the version before, if the key was there. */
  put(key: string, value: Uint8Array, lease: number = noLease): VersionId {
    const { versions } = this;
    const keyBytes = utf8Length(key);
    const slot = this.#index.find(key) ?? this.#admit(key, keyBytes);
    const before = this.#index.newest(slot);
    const isReplaced = versions.isLive(before);
    const modRevision = this.#revision + 1;
    const id = this.#add(key, value, {
      slot,
      createRevision: isReplaced ? versions.createRevision(before) : modRevision,
      modRevision,
      position: this.#uncommitted,
      version: isReplaced ? versions.version(before) + 1 : 1,
      lease,
      keyBytes,
      valueBytes: value.length,
      previous: before,
    });
    this.#append(id);
    this.#bytes += versions.bytes(id) - (isReplaced ? versions.bytes(before) : 0);
    if (!isReplaced) this.#keys += 1;
    const leaseBefore = isReplaced ? versions.lease(before) : noLease;
    if (lease !== leaseBefore) {
      this.leases.detach(leaseBefore, key);
      this.leases.attach(lease, key);
    }
    return isReplaced ? before : noVersion;
  }

  /** Deletes a key that is there, given its newest version. */
  delete(live: VersionId): void {
    const { versions } = this;
    const key = this.keyOf(live);
    const tombstone = this.#add(key, undefined, {
      slot: versions.slot(live),
      createRevision: 0,
      modRevision: this.#revision + 1,
      position: this.#uncommitted,
      version: 0,
      lease: noLease,
      keyBytes: utf8Length(key),
      valueBytes: 0,
      previous: live,
    });
    this.#append(tombstone);
    this.#bytes -= versions.bytes(live);
    this.#keys -= 1;
    this.leases.detach(versions.lease(live), key);
  }

  /** Ends a command: if it changed anything there is a new revision, and old ones may go. */
  commit(): void {
    const changes = this.#uncommitted;
    if (changes === 0) return;
    this.#revision += 1;
    this.#uncommitted = 0;
    this.#trim();
    // Twice as many as there are new ones: what a snapshot had pinned goes in small steps behind it.
    const { first, kept } = this.history;
    if (first - kept >= groupSize) this.#drop(2 * Math.max(changes, groupSize));
  }

  /** Forgets what was before a revision. It must lie between the compact and the current one. */
  compact(revision: number): void {
    invariant(
      revision >= this.#compactRevision && revision <= this.#revision,
      'history is compacted forwards, and not beyond the present',
    );
    this.#forgetUpTo(revision);
    this.#drop(Number.POSITIVE_INFINITY);
  }

  /** Sets how much history to keep from now on, and forgets what is over. */
  retain(retention: Retention): void {
    this.#retention = retention;
    this.#trim();
    this.#drop(Number.POSITIVE_INFINITY);
  }

  /** Has each change told as it happens, before its command is at its end. */
  observe(observer: (id: VersionId) => void): void {
    this.#observer = observer;
  }

  /** Adds a version that was in force at the compact revision. False if its key has one already. */
  load(base: BaseVersion): boolean {
    const { key, value, createRevision, modRevision, position, version, lease } = base;
    if (this.#index.find(key) !== undefined) return false;
    const keyBytes = utf8Length(key);
    const slot = this.#admit(key, keyBytes);
    const id = this.#add(key, value, {
      slot,
      createRevision,
      modRevision,
      position,
      version,
      lease,
      keyBytes,
      valueBytes: value.length,
      previous: noVersion,
    });
    this.#index.setNewest(slot, id);
    this.#hashes.add(this.versions.hashLow(id), this.versions.hashHigh(id));
    this.#keys += 1;
    this.#bytes += this.versions.bytes(id);
    return true;
  }

  /** Hangs the keys of a snapshot on their leases. False if one of these is not there, or has too many. */
  attachLeases(): boolean {
    for (const slot of this.#index.from('')) {
      const lease = this.versions.lease(this.#index.newest(slot));
      if (lease === noLease) continue;
      if (this.leases.get(lease) === undefined) return false;
      this.leases.attach(lease, this.#index.key(slot));
      if (this.leases.keyCount(lease) > maxLeaseKeys) return false;
    }
    return true;
  }

  /** The newest versions, tombstones too, of the keys selected, in order. Change nothing meanwhile. */
  *scan(selection: KvSelection, reverse: boolean): Generator<VersionId, void, undefined> {
    if (selection.type === 'key') {
      const id = this.newest(selection.key);
      if (id !== noVersion) yield id;
      return;
    }
    const index = this.#index;
    const { from, to } = boundsOf(selection);
    const { compare } = this.#order;
    if (reverse) {
      for (const slot of index.before(to)) {
        if (compare(index.key(slot), from) < 0) return;
        yield index.newest(slot);
      }
    } else {
      for (const slot of index.from(from)) {
        if (to !== undefined && compare(index.key(slot), to) >= 0) return;
        yield index.newest(slot);
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

  /**
   * The state as of now, at the cost of a few numbers: its versions are all there, and stay until it is released.
   * One that is neither read nor released goes with the collector.
   */
  freeze(): FrozenStore {
    const numbers = {
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      retention: this.#retention,
      hash: this.hash(),
      leases: this.leases.freeze(),
    };
    const { history, versions } = this;
    return frozen(numbers, { history, versions, index: this.#index, values: this.#values });
  }

  #admit(key: string, keyBytes: number): Slot {
    this.#order.admit(key, keyBytes);
    return this.#index.add(key);
  }

  /** Adds a version with its value and hash. */
  #add(key: string, value: Uint8Array | undefined, fields: VersionFields): VersionId {
    const hash = this.#hasher
      .start()
      .text(key)
      .number(fields.createRevision)
      .number(fields.modRevision)
      .number(fields.position)
      .number(fields.version)
      .number(fields.lease);
    if (value !== undefined) hash.bytes(value);
    const { low, high } = hash.finish();
    const id = this.versions.add(fields, low, high);
    if (value !== undefined) this.#values.append(id, value);
    return id;
  }

  /** A version that is complete becomes the newest one of its key. */
  #append(id: VersionId): void {
    const { versions } = this;
    this.#index.setNewest(versions.slot(id), id);
    this.history.append(id);
    this.#hashes.add(versions.hashLow(id), versions.hashHigh(id));
    this.#uncommitted += 1;
    this.#observer?.(id);
  }

  #forgetUpTo(revision: number): void {
    const { history } = this;
    this.#compactRevision = revision;
    while (history.length > 0 && history.revisionAt(history.first) <= revision) {
      history.forgetFirst(this.#hashes);
    }
  }

  /** Every change is forgotten once, so this costs each change a constant, whenever it happens. */
  #trim(): void {
    const { revisions, bytes } = this.#retention;
    const { history } = this;
    while (history.length > 0) {
      const over = this.#revision - this.#compactRevision > revisions;
      if (!over && history.bytes <= bytes) return;
      this.#forgetUpTo(history.revisionAt(history.first));
    }
  }

  /** Gives back what belongs to changes that are forgotten, up to so many of them. */
  #drop(most: number): void {
    const { history } = this;
    for (let left = most; left > 0; ) {
      const first = history.kept;
      const dropped = history.dropForgotten(Math.min(left, groupSize));
      if (dropped === 0) return;
      this.#giveBack(first, dropped);
      left -= dropped;
    }
  }

  /** Gives back what belongs to changes that have left the history. */
  #giveBack(first: Sequence, changes: number): void {
    const { history, versions } = this;
    const places = this.#places;
    for (let at = 0; at < changes; at++) {
      places[at] = versions.place(history.supersededAt(first + at));
    }
    for (let at = 0; at < changes; at++) {
      const id = history.at(first + at);
      const superseded = history.supersededAt(first + at);
      versions.setPrevious(id, noVersion);
      if (superseded !== noVersion) this.#remove(superseded, places[at] ?? noPlace);
      // A tombstone that is not the newest one goes with the change that superseded it.
      if (!history.isDeletion(first + at) || this.#index.newest(versions.slot(id)) !== id) continue;
      this.#index.remove(versions.slot(id));
      this.#remove(id, noPlace);
    }
  }

  #remove(id: VersionId, place: Place): void {
    if (place !== noPlace) this.#values.release(place, this.versions.valueBytes(id));
    this.versions.remove(id);
  }
}
