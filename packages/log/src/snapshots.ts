/**
 * Everything about snapshots: taken here, sent to others, received from others. What is staged waits
 * here for the engine's word, since only the engine publishes.
 */
import type {
  Input,
  LogConsumer,
  LogIndex,
  NodeId,
  SnapshotStore,
  StagedSnapshot,
  Ticket,
  Timer,
} from '@quorate/core';
import type { PeerMessage, RequestOutcome } from './frames.ts';
import type { LogLimits } from './options.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import { SnapshotTaker } from './snapshot-taker.ts';

/** What snapshots need from their driver. */
export interface SnapshotsRoute {
  now(): number;
  setTimer(ms: number, run: () => void): Timer;
  send(to: NodeId, message: PeerMessage): void;
  input(input: Input<never>): void;
  nextTicket(): Ticket;
  /** Everything up to here is decided. */
  decided(): LogIndex;
  /** Everything up to here is applied by the consumer. */
  applied(): LogIndex;
  taken(index: LogIndex, bytes: number): void;
  failed(error: unknown): void;
}

/** The snapshots of one log. */
export class Snapshots {
  readonly taker: SnapshotTaker;
  readonly #route: SnapshotsRoute;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  /** Waiting for the engine's word. */
  readonly #staged = new Map<Ticket, (accepted: boolean) => void>();
  #transfer = 0;
  #closed = false;

  constructor(
    route: SnapshotsRoute,
    consumer: Pick<LogConsumer<never>, 'snapshot'>,
    store: SnapshotStore,
    limits: LogLimits,
  ) {
    this.#route = route;
    this.taker = new SnapshotTaker(
      {
        snapshot: () => consumer.snapshot(),
        compact: (snapshot) => this.#stage((ticket) => ({ type: 'compact', ticket, snapshot })),
        applied: () => route.applied(),
        taken: (index, bytes) => {
          route.taken(index, bytes);
        },
        failed: (error) => {
          route.failed(error);
        },
      },
      store,
      limits.snapshotLogBytes,
    );
    this.#sender = new SnapshotSender(
      {
        now: () => route.now(),
        setTimer: (ms, run) => route.setTimer(ms, run),
        send: (to, message) => {
          route.send(to, message);
        },
        shipped: (to, index) => {
          route.input({ type: 'shipped', to, index });
        },
        failed: (error) => {
          route.failed(error);
        },
        nextTransfer: () => ++this.#transfer,
      },
      store,
      limits,
    );
    this.#receiver = new SnapshotReceiver(
      {
        now: () => route.now(),
        send: (to, message) => {
          route.send(to, message);
        },
        install: (snapshot: StagedSnapshot, context: Uint8Array) =>
          this.#stage((ticket) => ({ type: 'install', ticket, snapshot, context })),
        decided: () => route.decided(),
        failed: (error) => {
          route.failed(error);
        },
      },
      store,
      limits,
    );
  }

  /** Transfers to other nodes that are under way. */
  get sending(): number {
    return this.#sender.size;
  }

  /** Brings the current snapshot to a peer. */
  ship(to: NodeId): void {
    this.#sender.ship(to);
  }

  /** Takes a piece that a run of a node sends. */
  chunk(from: NodeId, run: number, chunk: Extract<PeerMessage, { readonly type: 'chunk' }>): void {
    this.#receiver.chunk(from, run, chunk);
  }

  /** Takes an acknowledgement of what was sent. */
  ack(from: NodeId, ack: Extract<PeerMessage, { readonly type: 'ack' }>): void {
    this.#sender.ack(from, ack);
  }

  /** Takes the engine's word. `false`: the ticket is not one of a staged snapshot. */
  outcome(outcome: RequestOutcome): boolean {
    const settle = this.#staged.get(outcome.ticket);
    if (settle === undefined) return false;
    if (outcome.type === 'accepted') return true;
    this.#staged.delete(outcome.ticket);
    settle(outcome.type === 'done');
    return true;
  }

  /**
   * Gives everything up; resolves when nothing uses the storage any more.
   *
   * @param written resolves when no write is under way: one may publish a snapshot, which must not be
   *   aborted then.
   */
  async close(written: Promise<void>): Promise<void> {
    this.#closed = true;
    const over = [this.taker.close(), this.#sender.close()];
    await written;
    // The engine's word will not come any more.
    for (const settle of this.#staged.values()) settle(false);
    this.#staged.clear();
    await Promise.all([...over, this.#receiver.close()]);
  }

  #stage(input: (ticket: Ticket) => Input<never>): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const ticket = this.#route.nextTicket();
      this.#staged.set(ticket, resolve);
      this.#route.input(input(ticket));
    });
  }
}
