/**
 * What a group has decided so far, as its nodes delivered it: one value an index, the memberships among
 * them, and the state that follows from all of it.
 *
 * A value is what stands behind the engine's own header; two nodes may keep one value under two headers.
 */
import { equalBytes } from '../bytes.ts';
import { crc32 } from '../checksum.ts';
import { membershipIn } from '../engines/membership-record.ts';
import { entryKind } from '../entry.ts';
import type { LogIndex } from '../ids.ts';
import type { Membership } from '../membership.ts';
import { must } from './observer.ts';
import type { PlacedMembership } from './rules.ts';

/** Adds one record, without the header that belongs to the engine, to the checksum of a state. */
export function chained(chain: number, record: Uint8Array, headerBytes: number): number {
  return crc32(record.subarray(headerBytes), chain);
}

/** The decided log of a group. */
export class Decisions {
  readonly #headerBytes: number;
  /** Index 1 stands at 0. */
  readonly #records: Uint8Array[] = [];
  /** The epoch of whoever delivered each of them first. */
  readonly #epochs: number[] = [];
  /** Checksum of the state after each of them. */
  readonly #chains: number[] = [0];
  #memberships: PlacedMembership[] = [];

  constructor(headerBytes: number, bootstrap: Membership) {
    this.#headerBytes = headerBytes;
    this.#memberships.push({ index: 0, membership: bootstrap });
  }

  /** Last index that some node has delivered. */
  get last(): LogIndex {
    return this.#records.length;
  }

  /** The record at an index; its header is that of the node which delivered it first. */
  at(index: LogIndex): Uint8Array | undefined {
    return this.#records[index - 1];
  }

  /** An epoch by which the entry at an index was decided; `Infinity` if it is not. */
  epochAt(index: LogIndex): number {
    return this.#epochs[index - 1] ?? Number.POSITIVE_INFINITY;
  }

  /** Checksum of the state after everything up to an index. */
  chainAt(index: LogIndex): number | undefined {
    return this.#chains[index];
  }

  /** The decided membership as of an index. */
  membershipAt(index: LogIndex): Membership {
    const known = this.#memberships.findLast((each) => each.index <= index);
    must(known !== undefined, () => 'a membership before the first');
    return known.membership;
  }

  /**
   * Memberships up to an index, in ascending order.
   *
   * @param held what somebody who calls all of that committed holds where nothing was delivered yet.
   */
  membershipsUpTo(
    end: LogIndex,
    held: (index: LogIndex) => Uint8Array | undefined,
  ): readonly PlacedMembership[] {
    const placed = this.#memberships.filter(({ index }) => index <= end);
    for (let index = this.last + 1; index <= end; index++) {
      const membership = this.#membershipOf(held(index));
      if (membership !== undefined) placed.push({ index, membership });
    }
    return placed;
  }

  /** Whether two records hold the same value. */
  sameValue(left: Uint8Array, right: Uint8Array): boolean {
    const at = this.#headerBytes;
    return equalBytes(left.subarray(at), right.subarray(at));
  }

  /** Forgets everything behind an index. From there on the log is that of a group with this membership. */
  rewind(index: LogIndex, membership: Membership): void {
    must(index <= this.last, () => `${String(index)} was never decided`);
    this.#records.length = index;
    this.#epochs.length = index;
    this.#chains.length = index + 1;
    this.#memberships = [{ index: 0, membership }];
  }

  /** Adds the next entry; the membership before and its own, if it is one. */
  add(
    record: Uint8Array,
    epoch: number,
  ): { readonly before: Membership; readonly membership: Membership } | undefined {
    const index = this.last + 1;
    this.#records.push(record);
    this.#epochs.push(epoch);
    this.#chains.push(chained(this.#chains[index - 1] ?? 0, record, this.#headerBytes));
    const membership = this.#membershipOf(record);
    if (membership === undefined) return undefined;
    const before = this.membershipAt(index);
    this.#memberships.push({ index, membership });
    return { before, membership };
  }

  #membershipOf(record: Uint8Array | undefined): Membership | undefined {
    if (record === undefined || entryKind(record, this.#headerBytes) !== 'membership') {
      return undefined;
    }
    return membershipIn(record, this.#headerBytes);
  }
}
