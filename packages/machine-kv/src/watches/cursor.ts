/**
 * One who watches: a place in the history, or a name on the list of those who wait.
 *
 *        ┌────────── a change that it wants ──────────┐
 *        ▼                                            │
 *     behind ── everything was looked at, in take ─► waiting
 *
 * Behind, it is a revision and a position, and costs nothing until it takes. Whoever waits has seen everything,
 * so its place is the present: changes that it does not want move it on without a touch.
 */
import { CompactedError, type Cursor, InvalidArgumentError } from '@quorate/core';
import { type Change, isLive, type Version } from '../history.ts';
import { isBefore, type Place } from '../landmarks.ts';
import { maxTakeSteps, versionOverheadBytes } from '../limits.ts';
import { pairOf } from '../reads.ts';
import { selects } from '../selection.ts';
import { firstRevision, type Store } from '../store.ts';
import type { KvEvent, KvWatch } from './requests.ts';
import type { Waiting } from './waiting.ts';

/** What the cursors of a machine share. */
export interface Surroundings {
  /** The map as it is now: another one after a restore. */
  readonly store: Store;
  readonly waiting: Waiting<KvCursor>;
  /** Has to be told at the end of the command that there is something. */
  wake(cursor: KvCursor): void;
}

export class KvCursor implements Cursor<KvWatch, KvEvent> {
  readonly #request: KvWatch;
  readonly #around: Surroundings;
  readonly #wake: () => void;
  /** Where it goes on. While it waits, the present if that is later. */
  #place: Place;
  #state: 'behind' | 'waiting' | 'closed' = 'behind';
  /** `take` has found nothing and promised to say when there is something. */
  #promised = false;

  /** @throws CompactedError if it begins with what was forgotten. */
  constructor(request: KvWatch, around: Surroundings, wake: () => void) {
    const { revision, position } = request;
    const { store } = around;
    this.#request = request;
    this.#around = around;
    this.#wake = wake;
    // The first revision is that of the empty map, which no change made.
    this.#place =
      revision === 0
        ? { revision: store.revision + 1, position: 0 }
        : revision <= firstRevision
          ? { revision: firstRevision + 1, position: 0 }
          : { revision, position };
    this.#requireKept();
    if (this.#place.revision > store.revision) this.#wait();
  }

  get rest(): KvWatch {
    return { ...this.#request, ...this.#current() };
  }

  take(most: number, maxBytes: number): readonly KvEvent[] {
    if (!(most >= 1)) {
      throw new InvalidArgumentError(`${String(most)} events cannot be taken; take at least one`);
    }
    if (this.#state === 'closed') return [];
    const events: KvEvent[] = [];
    if (this.#state === 'behind') this.#advance(events, most, maxBytes);
    this.#promised = events.length === 0;
    // Cut short before it came to anything: whoever takes has to come again, and others have their turn first.
    if (this.#promised && this.#state === 'behind') this.tell();
    return events;
  }

  close(): void {
    if (this.#state === 'waiting') this.#leave();
    this.#state = 'closed';
  }

  /** One of its keys changed while it waited. */
  changed(version: Version): void {
    if (!this.#wants(version) || isBefore(version, this.#place)) return;
    this.#leave();
    this.#place = { revision: version.modRevision, position: version.position };
    if (this.#promised) this.#around.wake(this);
  }

  /** Another map takes the place of this one: there the same revisions may be found, or not. */
  moved(): void {
    this.#leave();
    if (this.#promised) this.#around.wake(this);
  }

  /** Keeps the promise. */
  tell(): void {
    if (!this.#promised || this.#state === 'closed') return;
    this.#promised = false;
    this.#wake();
  }

  /** Goes on up to the next event that there is no room for, or to the present. */
  #advance(events: KvEvent[], most: number, maxBytes: number): void {
    this.#requireKept();
    const { store } = this.#around;
    let change: Change | undefined = store.changesFrom(this.#place);
    let bytes = 0;
    for (let steps = 0; change !== undefined && steps < maxTakeSteps; steps++) {
      const { version } = change;
      if (this.#wants(version) && selects(this.#request.selection, version.key)) {
        bytes += this.#bytesOf(change);
        if (events.length > 0 && (events.length >= most || bytes > maxBytes)) break;
        events.push(this.#eventOf(change));
      }
      change = change.next;
    }
    if (change !== undefined) {
      const { modRevision, position } = change.version;
      this.#place = { revision: modRevision, position };
      return;
    }
    // One that is still to come stays where it is.
    if (this.#place.revision <= store.revision) {
      this.#place = { revision: store.revision + 1, position: 0 };
    }
    this.#wait();
  }

  #wait(): void {
    this.#around.waiting.add(this.#request.selection, this);
    this.#state = 'waiting';
  }

  #leave(): void {
    this.#place = this.#current();
    this.#around.waiting.delete(this.#request.selection, this);
    this.#state = 'behind';
  }

  #current(): Place {
    const { revision } = this.#around.store;
    return this.#state === 'waiting' && this.#place.revision <= revision
      ? { revision: revision + 1, position: 0 }
      : this.#place;
  }

  #requireKept(): void {
    const { revision } = this.#place;
    const { compactRevision } = this.#around.store;
    if (revision > compactRevision) return;
    throw new CompactedError(
      `the changes of revision ${String(revision)} have been forgotten, the oldest left are those of ${String(compactRevision + 1)}; read the keys, and watch from the revision behind that of the read`,
    );
  }

  #wants(version: Version): boolean {
    return isLive(version) ? this.#request.puts : this.#request.deletes;
  }

  #bytesOf({ version, superseded }: Change): number {
    const bytes = version.bytes + versionOverheadBytes;
    return this.#request.previous && isLive(superseded)
      ? bytes + superseded.bytes + versionOverheadBytes
      : bytes;
  }

  #eventOf({ version, superseded }: Change): KvEvent {
    const { modRevision: revision, position, key } = version;
    const event: KvEvent = isLive(version)
      ? { type: 'put', revision, position, pair: pairOf(version) }
      : { type: 'delete', revision, position, key };
    return this.#request.previous && isLive(superseded)
      ? { ...event, previous: pairOf(superseded) }
      : event;
  }
}
