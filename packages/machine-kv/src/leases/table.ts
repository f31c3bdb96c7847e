/**
 * The leases: how long each lives, when it runs out, and which keys hang on it.
 *
 * Only records are in snapshots. Which keys hang on a lease is said by the newest versions of the keys, so it is
 * kept here for speed alone, and found again after a restore.
 */
import { Hasher, HashSum, maxU48 } from '@quorate/core';
import { emptyTree, type Tree } from '../tree.ts';
import { noLease } from './none.ts';

/** One lease; a renewed one is a new record, so that a snapshot keeps what it has. */
export interface Lease {
  readonly id: number;
  readonly ttlMs: number;
  /** By the time of the log, ms since 1970. */
  readonly expiresAt: number;
}

/** The leases as of one moment, safe from later changes. */
export interface FrozenLeases {
  readonly clock: number;
  readonly next: number;
  /** In the order of their ids. */
  records(): Iterable<Lease>;
}

/** Most leases have a few keys. */
const smallNode = 8;
const byNumber = (left: number, right: number): number => left - right;
const byExpiry = (left: Lease, right: Lease): number =>
  left.expiresAt - right.expiresAt || left.id - right.id;

function renewed(id: number, ttlMs: number, time: number): Lease {
  return { id, ttlMs, expiresAt: Math.min(time + ttlMs, maxU48) };
}

export class LeaseTable {
  readonly #records: Tree<number, Lease> = emptyTree(byNumber);
  readonly #expiries: Tree<Lease, undefined> = emptyTree(byExpiry);
  readonly #keys = new Map<number, Tree<string, undefined>>();
  readonly #compareKeys: (left: string, right: string) => number;
  readonly #hasher = new Hasher();
  readonly #hashes = new HashSum();
  #clock = 0;
  #next = 1;

  /** @param compareKeys the order of the keys. */
  constructor(compareKeys: (left: string, right: string) => number) {
    this.#compareKeys = compareKeys;
  }

  /** Number of leases. */
  get size(): number {
    return this.#records.size;
  }

  /** The highest time that a command was applied at, ms since 1970. */
  get clock(): number {
    return this.#clock;
  }

  /** Sum of the hashes of all leases. */
  get hashes(): HashSum {
    return this.#hashes;
  }

  /** The next id to try where nobody chose one. */
  get next(): number {
    return this.#next;
  }

  /** When the first lease runs out; undefined: there is none. */
  get nextExpiry(): number | undefined {
    return this.#expiries.minKey()?.expiresAt;
  }

  /** The lease that runs out first, if it has by then. */
  due(time: number): Lease | undefined {
    const first = this.#expiries.minKey();
    return first !== undefined && first.expiresAt <= time ? first : undefined;
  }

  advance(time: number): void {
    if (time > this.#clock) this.#clock = time;
  }

  get(id: number): Lease | undefined {
    return this.#records.get(id);
  }

  /** Counts on to an id that is not in use. */
  nextId(): number {
    while (this.#records.has(this.#next)) this.#next += 1;
    this.#next += 1;
    return this.#next - 1;
  }

  /** Gives a lease all of its time from now on, whether or not it is there already. */
  start(id: number, ttlMs: number, time: number): void {
    this.#remove(id);
    this.#add(renewed(id, ttlMs, time));
  }

  /** Gives every lease all of its time from now on: sorted anew as a whole, a third of the cost of one by one. */
  renew(time: number): void {
    const leases = this.#records.valuesArray().map(({ id, ttlMs }) => renewed(id, ttlMs, time));
    this.#expiries.clear();
    this.#hashes.clear();
    for (const lease of leases) {
      this.#records.set(lease.id, lease);
      this.#count(lease);
    }
    for (const lease of leases.sort(byExpiry)) this.#expiries.set(lease, undefined);
  }

  /** Takes a lease away, if it is there; the keys that hung on it do no more. Returns them, in order. */
  end(id: number): readonly string[] | undefined {
    if (!this.#remove(id)) return undefined;
    const keys = this.#keys.get(id)?.keysArray() ?? [];
    this.#keys.delete(id);
    return keys;
  }

  /** Hangs a key on a lease. Nothing happens if the lease is not there, or is `noLease`. */
  attach(id: number, key: string): void {
    if (id === noLease || !this.#records.has(id)) return;
    let keys = this.#keys.get(id);
    if (keys === undefined) {
      keys = emptyTree(this.#compareKeys, smallNode);
      this.#keys.set(id, keys);
    }
    keys.set(key, undefined);
  }

  /** Takes a key off the lease that it hangs on, if it does. */
  detach(id: number, key: string): void {
    const keys = id === noLease ? undefined : this.#keys.get(id);
    if (keys === undefined) return;
    keys.delete(key);
    if (keys.size === 0) this.#keys.delete(id);
  }

  /** Number of keys that hang on a lease. */
  keyCount(id: number): number {
    return this.#keys.get(id)?.size ?? 0;
  }

  holds(id: number, key: string): boolean {
    return this.#keys.get(id)?.has(key) ?? false;
  }

  /** The keys that hang on a lease, in order, from a key on. Change nothing meanwhile. */
  keys(id: number, from: string): Iterable<string> {
    return this.#keys.get(id)?.keys(from) ?? [];
  }

  /** The leases in the order of their ids, from an id on. Change nothing meanwhile. */
  records(from: number): Iterable<Lease> {
    return this.#records.values(from);
  }

  /** The leases as of now, at the cost of a pointer. */
  freeze(): FrozenLeases {
    const records = this.#records.clone();
    return { clock: this.#clock, next: this.#next, records: () => records.values() };
  }

  /** What stands in the header of a snapshot. */
  load(clock: number, next: number): void {
    this.#clock = clock;
    this.#next = next;
  }

  /** Adds a lease of a snapshot. False if it is there already. */
  loadRecord(lease: Lease): boolean {
    if (this.#records.has(lease.id)) return false;
    this.#add(lease);
    return true;
  }

  #add(lease: Lease): void {
    this.#records.set(lease.id, lease);
    this.#expiries.set(lease, undefined);
    this.#count(lease);
  }

  #count(lease: Lease): void {
    const { low, high } = this.#hash(lease);
    this.#hashes.add(low, high);
  }

  #remove(id: number): boolean {
    const lease = this.#records.get(id);
    if (lease === undefined) return false;
    this.#records.delete(id);
    this.#expiries.delete(lease);
    const { low, high } = this.#hash(lease);
    this.#hashes.subtract(low, high);
    return true;
  }

  #hash({ id, ttlMs, expiresAt }: Lease): Hasher {
    return this.#hasher.start().number(id).number(ttlMs).number(expiresAt).finish();
  }
}
