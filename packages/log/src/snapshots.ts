/**
 * Everything about snapshots: taken here, sent to others, received from others. What is staged waits
 * here for the engine's word, since only the engine publishes. What is taken and what is sent share one
 * throttle.
 */
import type {
  Counters,
  Input,
  LogConsumer,
  LogIndex,
  NodeId,
  SnapshotStore,
  StagedSnapshot,
  Ticket,
  Timer,
} from '@quorate/core';
import type { RequestOutcome } from './frames.ts';
import type { LogLimits } from './options.ts';
import type { FromReceiver, FromSender } from './snapshot-messages.ts';
import { SnapshotReceiver } from './snapshot-receiver.ts';
import { SnapshotSender } from './snapshot-sender.ts';
import { SnapshotTaker } from './snapshot-taker.ts';
import { Throttle } from './throttle.ts';

/** What snapshots need from their driver. */
export interface SnapshotsRoute {
  now(): number;
  setTimer(ms: number, run: () => void): Timer;
  nextTurn(run: () => void): void;
  send(to: NodeId, message: FromSender | FromReceiver): void;
  input(input: Input<never>): void;
  nextTicket(): Ticket;
  /** Everything up to here is decided. */
  decided(): LogIndex;
  /** Everything up to here is applied by the consumer. */
  applied(): LogIndex;
  /** The first index that is still in the log. */
  firstIndex(): LogIndex;
  isMember(peer: NodeId): boolean;
  taken(index: LogIndex, bytes: number): void;
  warn(message: string, fields: Readonly<Record<string, unknown>>): void;
  failed(error: unknown): void;
}

/** The snapshots of one log. */
export class Snapshots {
  readonly taker: SnapshotTaker;
  readonly #route: SnapshotsRoute;
  readonly #sender: SnapshotSender;
  readonly #receiver: SnapshotReceiver;
  readonly #throttle: Throttle;
  /** Waiting for the engine's word. */
  readonly #staged = new Map<Ticket, (accepted: boolean) => void>();
  #closed = false;

  constructor(
    route: SnapshotsRoute,
    consumer: Pick<LogConsumer<never>, 'snapshot'>,
    store: SnapshotStore,
    limits: LogLimits,
  ) {
    this.#route = route;
    const throttle = new Throttle(route, limits.snapshotBytesPerSecond);
    this.#throttle = throttle;
    const pass = (bytes: number): Promise<void> => throttle.pass(bytes);
    const now = (): number => route.now();
    const setTimer = (ms: number, run: () => void): Timer => route.setTimer(ms, run);
    const send = (to: NodeId, message: FromSender | FromReceiver): void => {
      route.send(to, message);
    };
    const failed = (error: unknown): void => {
      route.failed(error);
    };
    this.taker = new SnapshotTaker(
      {
        snapshot: () => consumer.snapshot(),
        compact: (snapshot) => this.#stage((ticket) => ({ type: 'compact', ticket, snapshot })),
        applied: () => route.applied(),
        pass,
        taken: (index, bytes) => {
          route.taken(index, bytes);
        },
        failed,
      },
      store,
      limits,
    );
    this.#sender = new SnapshotSender(
      {
        now,
        setTimer,
        pass,
        send,
        shipped: (to, index) => {
          route.input({ type: 'shipped', to, index });
        },
        firstIndex: () => route.firstIndex(),
        isMember: (peer) => route.isMember(peer),
        failed,
      },
      store,
      limits,
    );
    this.#receiver = new SnapshotReceiver(
      {
        now,
        setTimer,
        send,
        install: (snapshot: StagedSnapshot, context: Uint8Array) =>
          this.#stage((ticket) => ({ type: 'install', ticket, snapshot, context })),
        decided: () => route.decided(),
        warn: (message, fields) => {
          route.warn(message, fields);
        },
        failed,
      },
      store,
      limits,
    );
  }

  /** Plain numbers for metrics. */
  get counters(): Counters {
    return {
      snapshots_sending: this.#sender.size,
      snapshots_discarded: this.#receiver.contentsDiscarded,
      snapshot_bytes_sent: this.#sender.bytesSent,
      snapshot_bytes_received: this.#receiver.bytesReceived,
      snapshot_bytes_resumed: this.#receiver.bytesResumed,
      snapshot_chunks_refused: this.#receiver.chunksRefused,
    };
  }

  /** Brings the current snapshot to a peer. */
  ship(to: NodeId): void {
    this.#sender.ship(to);
  }

  /** What a run of a node sends. @throws MalformedError if it makes no sense. */
  fromSender(from: NodeId, run: number, message: FromSender): void {
    if (message.type === 'offer') this.#receiver.offer(from, run, message);
    else this.#receiver.chunk(from, run, message);
  }

  /** What became of what was sent. @throws MalformedError if it makes no sense. */
  fromReceiver(from: NodeId, message: FromReceiver): void {
    this.#sender.answer(from, message);
  }

  /** The group has other members now. */
  membershipChanged(): void {
    this.#sender.membershipChanged();
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
    this.#throttle.close();
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
