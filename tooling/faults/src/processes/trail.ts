/** What is known of a life from what its process said: acknowledged, called, refused. */
import type { Staging } from '../plan/steps.ts';
import type { LifeEvent, Refusal } from './events.ts';

/** Gathers events. */
export class Trail {
  /** Highest number of a write that was acknowledged. */
  acknowledged = 0;
  /** How many were. */
  acknowledgements = 0;
  /** Highest number of a write that was called. */
  called = 0;
  opened = false;
  closed = false;
  pid: number | undefined;
  /** What may be staged under a name. */
  staged: Staging | undefined;
  readonly refusals: Refusal[] = [];
  /** What no storage may do, whatever the disk does. */
  readonly breaches: string[] = [];
  /** Called and acknowledged, with when it was called. */
  lastAcknowledgedCall: number | undefined;

  readonly #calledAtMs = new Map<number, number>();
  /** Lowest number of a write that was refused. */
  #refusedFrom = Infinity;

  /** @param staged what an earlier life has left. */
  constructor(staged?: Staging) {
    this.staged = staged;
  }

  take(event: LifeEvent): void {
    switch (event.type) {
      case 'started':
        this.pid = event.pid;
        break;
      case 'opened':
        this.opened = true;
        break;
      case 'called':
        this.called = event.write;
        this.#calledAtMs.set(event.write, event.atMs);
        break;
      case 'acknowledged':
        this.#acknowledge(event.write);
        break;
      case 'staging':
        if (event.staging.name !== undefined) this.staged = event.staging;
        break;
      case 'publishing':
        this.staged = undefined;
        break;
      case 'refused':
        this.refusals.push(event);
        if (event.write !== undefined) {
          this.#refusedFrom = Math.min(this.#refusedFrom, event.write);
        }
        break;
      case 'broken':
        this.breaches.push(event.message);
        break;
      case 'closed':
        this.closed = true;
        break;
      case 'opening':
      case 'staged':
      case 'found':
      case 'closing':
        break;
    }
  }

  #acknowledge(write: number): void {
    this.acknowledgements++;
    this.acknowledged = Math.max(this.acknowledged, write);
    if (write > this.#refusedFrom) {
      this.breaches.push(`write ${write} was acknowledged after ${this.#refusedFrom} was refused`);
    }
    const atMs = this.#calledAtMs.get(write) ?? 0;
    this.lastAcknowledgedCall = Math.max(this.lastAcknowledgedCall ?? 0, atMs);
  }
}
