/**
 * A leader's lease: for how long nobody else can lead, by the word of a quorum.
 *
 * A voter that hears from a leader promises, for `promiseMs` from that moment, to help nobody else
 * into its place. Messages are answered after they are sent; so if a quorum has answered what was
 * sent at `s` or later, nobody else can lead before `s + promiseMs`, by clocks that run equally fast.
 * The lease counts from the *send* time: counting from the arrival of the answer, or from a periodic
 * check, lets an old leader answer reads after a new one was elected, with perfect clocks.
 *
 * That voters keep the promise, across a restart too, is a rule of the algorithm. Where it breaks the
 * promise on purpose (to hand leadership over) it revokes the lease first.
 */

/** The lease of one leadership. */
export class Lease {
  readonly #lengthMs: number;
  #startedAt = Number.NEGATIVE_INFINITY;
  #revoked = false;

  /**
   * @param promiseMs how long a voter is bound from when it hears from the leader, by its own clock.
   * @param maxClockDrift how much faster one clock may run than another, as a fraction.
   */
  constructor(promiseMs: number, maxClockDrift: number) {
    this.#lengthMs = promiseMs * (1 - maxClockDrift);
  }

  /** A quorum has answered what was sent at this time or later. */
  extend(sentAt: number): void {
    if (sentAt > this.#startedAt) this.#startedAt = sentAt;
  }

  /** The promise does not hold any more: no lease for the rest of this leadership. */
  revoke(): void {
    this.#revoked = true;
  }

  /** Whether nobody else can lead at this time. */
  holdsAt(now: number): boolean {
    return !this.#revoked && now < this.#startedAt + this.#lengthMs;
  }
}
