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
import { isBefore, type Place } from '../history.ts';
import { maxTakeSteps, versionOverheadBytes } from '../limits.ts';
import { pairOf } from '../reads.ts';
import { selects } from '../selection.ts';
import { firstRevision, type Store } from '../store.ts';
import { noVersion, type VersionId } from '../version-table.ts';
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
  changed(id: VersionId): void {
    const { versions } = this.#around.store;
    if (!this.#wants(id) || isBefore(versions, id, this.#place)) return;
    this.#leave();
    this.#place = this.#placeOf(id);
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
    const { history } = store;
    let sequence = history.find(this.#place);
    let bytes = 0;
    for (let steps = 0; sequence < history.end && steps < maxTakeSteps; steps++) {
      const id = history.at(sequence);
      if (this.#wants(id) && selects(this.#request.selection, store.keyOf(id))) {
        bytes += this.#bytesOf(id);
        if (events.length > 0 && (events.length >= most || bytes > maxBytes)) break;
        events.push(this.#eventOf(id));
      }
      sequence += 1;
    }
    if (sequence < history.end) {
      this.#place = this.#placeOf(history.at(sequence));
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

  #placeOf(id: VersionId): Place {
    const { versions } = this.#around.store;
    return { revision: versions.modRevision(id), position: versions.position(id) };
  }

  #wants(id: VersionId): boolean {
    return this.#around.store.versions.isLive(id) ? this.#request.puts : this.#request.deletes;
  }

  #bytesOf(id: VersionId): number {
    const { versions } = this.#around.store;
    const superseded = this.#superseded(id);
    const bytes = versions.bytes(id) + versionOverheadBytes;
    return superseded === noVersion
      ? bytes
      : bytes + versions.bytes(superseded) + versionOverheadBytes;
  }

  #eventOf(id: VersionId): KvEvent {
    const { store } = this.#around;
    const { revision, position } = this.#placeOf(id);
    const superseded = this.#superseded(id);
    const event: KvEvent = store.versions.isLive(id)
      ? { type: 'put', revision, position, pair: pairOf(store, id) }
      : { type: 'delete', revision, position, key: store.keyOf(id) };
    return superseded === noVersion ? event : { ...event, previous: pairOf(store, superseded) };
  }

  /** The pair that was there before, where it is asked for. */
  #superseded(id: VersionId): VersionId {
    const { versions } = this.#around.store;
    const superseded = this.#request.previous ? versions.previous(id) : noVersion;
    return versions.isLive(superseded) ? superseded : noVersion;
  }
}
