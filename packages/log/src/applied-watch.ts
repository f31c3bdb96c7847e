/**
 * Waiting until every voter has applied an index (`acknowledge: 'all'`).
 *
 * Asked for on demand between the drivers, so that it costs nothing while nobody wants it, and is
 * the same for every engine.
 */
import {
  ClosedError,
  isMember,
  type LogIndex,
  type Membership,
  type NodeId,
  type QuorateError,
  voterIds,
} from '@quorate/core';
import type { PeerMessage } from './frames.ts';

/** What the watch needs from its driver. */
export interface AppliedRoute {
  readonly node: NodeId;
  send(to: NodeId, message: PeerMessage): void;
  membership(): Membership;
  applied(): LogIndex;
  /** Asks for a call of `retry` in a moment. */
  armRetry(): void;
}

interface Waiter {
  readonly index: LogIndex;
  readonly settle: (error: QuorateError | undefined) => void;
}

/** What another node wants to be told of. */
interface Watched {
  /** The lowest index that it has not been told of, so that later ones do not keep it waiting. */
  readonly next: LogIndex;
  readonly last: LogIndex;
}

/** Both halves: whoever waits here, and whoever waits elsewhere for this node. */
export class AppliedWatch {
  readonly #route: AppliedRoute;
  #waiters: Waiter[] = [];
  readonly #reported = new Map<NodeId, LogIndex>();
  readonly #watchers = new Map<NodeId, Watched>();

  constructor(route: AppliedRoute) {
    this.#route = route;
  }

  /** Whether somebody here waits. */
  get waiting(): boolean {
    return this.#waiters.length > 0;
  }

  /** Calls back once every voter has applied the index; the result gives the waiting up. */
  wait(index: LogIndex, settle: (error: QuorateError | undefined) => void): () => boolean {
    const waiter: Waiter = { index, settle };
    this.#waiters.push(waiter);
    this.#ask(index);
    this.#route.armRetry();
    this.check();
    return () => {
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
      return true;
    };
  }

  /** Asks those again that have not reported yet; questions and answers may get lost. */
  retry(): void {
    if (this.#waiters.length === 0) return;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = 0;
    for (const { index } of this.#waiters) {
      lowest = Math.min(lowest, index);
      highest = Math.max(highest, index);
    }
    this.#ask(lowest);
    if (highest > lowest) this.#ask(highest);
  }

  /** Another node wants to know when `index` is applied here. */
  watch(from: NodeId, index: LogIndex): void {
    const applied = this.#route.applied();
    if (index <= applied) {
      this.#route.send(from, { type: 'applied', index: applied });
      return;
    }
    // Nobody is kept in mind who does not belong here; whoever does by then asks again.
    if (!isMember(this.#route.membership(), from)) return;
    const { next, last } = this.#watchers.get(from) ?? { next: index, last: index };
    this.#watchers.set(from, { next: Math.min(next, index), last: Math.max(last, index) });
  }

  /** Another node has applied everything up to `index`. */
  report(from: NodeId, index: LogIndex): void {
    if (!isMember(this.#route.membership(), from)) return;
    this.#reported.set(from, Math.max(index, this.#reported.get(from) ?? 0));
    this.check();
  }

  /** Tells those who watch how far this node is. After every delivery. */
  tell(): void {
    if (this.#watchers.size === 0) return;
    const applied = this.#route.applied();
    for (const [watcher, { next, last }] of this.#watchers) {
      if (applied < next) continue;
      if (applied < last) this.#watchers.set(watcher, { next: applied + 1, last });
      else this.#watchers.delete(watcher);
      this.#route.send(watcher, { type: 'applied', index: applied });
    }
  }

  /**
   * Follows a new membership. A node that comes back after it was removed may have lost what it
   * had applied.
   */
  follow(membership: Membership): void {
    for (const table of [this.#reported, this.#watchers]) {
      for (const node of table.keys()) if (!isMember(membership, node)) table.delete(node);
    }
    this.check();
  }

  /** Lets those go whose index every voter has applied. After deliveries and reports. */
  check(): void {
    if (this.#waiters.length === 0) return;
    const everywhere = this.#appliedEverywhere();
    const done = this.#waiters.filter(({ index }) => index <= everywhere);
    if (done.length === 0) return;
    this.#waiters = this.#waiters.filter(({ index }) => index > everywhere);
    for (const { settle } of done) settle(undefined);
  }

  /** Rejects everybody who waits here. */
  close(cause?: QuorateError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    const error = new ClosedError('the log is closed', cause === undefined ? {} : { cause });
    for (const { settle } of waiters) settle(error);
  }

  #appliedEverywhere(): LogIndex {
    const voters = voterIds(this.#route.membership());
    // Whoever knows no voters yet does not know that there are none behind.
    let least = voters.length === 0 ? 0 : Number.POSITIVE_INFINITY;
    for (const voter of voters) {
      const applied =
        voter === this.#route.node ? this.#route.applied() : (this.#reported.get(voter) ?? 0);
      least = Math.min(least, applied);
    }
    return least;
  }

  #ask(index: LogIndex): void {
    for (const voter of voterIds(this.#route.membership())) {
      if (voter === this.#route.node || (this.#reported.get(voter) ?? 0) >= index) continue;
      this.#route.send(voter, { type: 'watch', index });
    }
  }
}
