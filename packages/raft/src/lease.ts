/**
 * The leader's lease (thesis, section 6.4.1).
 *
 * A voter that hears from a leader grants no vote within one election time-out of that moment, nor
 * within one of its own start (see `election.ts`). Messages are answered after they are sent; so if
 * a quorum has answered what was sent at `s` or later, nobody else can have been elected before
 * `s + electionTimeoutMs`, by clocks that run equally fast. The lease counts from the *send* time:
 * counting from the arrival of the answer, or from a periodic check, lets an old leader answer reads
 * after a new one was elected, with perfect clocks.
 *
 * A transfer breaks that promise on purpose: its vote requests are answered at once. The target may
 * hold a TimeoutNow and use it arbitrarily late. It works only in this term, though, and starts an
 * election of the next one. So the lease is simply gone for the rest of the term once a TimeoutNow
 * has left, whatever becomes of the transfer; a later term's leader is out of its reach. Until then
 * a lease read is confirmed by a round, like any other.
 */

/** The lease of one leadership. */
export class Lease {
  readonly #lengthMs: number;
  #startedAt = Number.NEGATIVE_INFINITY;
  #revoked = false;

  constructor(electionTimeoutMs: number, maxClockDrift: number) {
    this.#lengthMs = electionTimeoutMs * (1 - maxClockDrift);
  }

  /** A quorum has answered what was sent at this time or later. */
  extend(sentAt: number): void {
    if (sentAt > this.#startedAt) this.#startedAt = sentAt;
  }

  /** A TimeoutNow leaves: no lease for the rest of the term. */
  revoke(): void {
    this.#revoked = true;
  }

  /** Whether nobody else can lead at this time. */
  holdsAt(now: number): boolean {
    return !this.#revoked && now < this.#startedAt + this.#lengthMs;
  }
}
