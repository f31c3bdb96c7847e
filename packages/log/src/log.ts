/**
 * The log that applications see: its life from `start` to `close`, and its calls.
 */
import {
  type CallOptions,
  type Caller,
  ClosedError,
  type Counters,
  describeError,
  drawIncarnation,
  emptyMembership,
  type LogConsumer,
  type LogEvent,
  type Logger,
  type LogIndex,
  type LogStatus,
  type MembershipChange,
  InvalidArgumentError,
  InvariantError,
  membershipOf,
  type NodeId,
  QuorateError,
  type ReadGuarantee,
  type ReplicatedLog,
  type Runtime,
  silentLogger,
  systemRuntime,
} from '@quorate/core';
import { checkAsked, checkIndex } from './arguments.ts';
import { call, type GiveUp } from './calls.ts';
import { Driver } from './driver.ts';
import type { Question } from './frames.ts';
import { checkOptions, type LogLimits, type LogOptions } from './options.ts';

/** A replicated log made of an engine, a storage and a transport. */
export class EngineLog<Message, C extends Caller> implements ReplicatedLog<C> {
  readonly node: NodeId;
  readonly #options: LogOptions<Message>;
  readonly #limits: LogLimits;
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  readonly #listeners = new Set<(event: LogEvent) => void>();
  #state: LogStatus['state'] | 'new' = 'new';
  #driver: Driver<Message, C> | undefined;
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Ends the waiting for a hand-over. */
  #endHandOver: (() => void) | undefined;
  #failure: QuorateError | undefined;

  constructor(options: LogOptions<Message>) {
    this.#options = options;
    this.#limits = checkOptions(options);
    if (options.members.length > 0) membershipOf(options.members);
    this.#runtime = options.runtime ?? systemRuntime;
    this.#logger = options.logger ?? silentLogger;
    this.node = options.node;
  }

  async start(consumer: LogConsumer<C>): Promise<void> {
    if (this.#state !== 'new') throw new InvalidArgumentError('a log is started once');
    this.#state = 'starting';
    this.#opening = this.#open(consumer);
    try {
      await this.#opening;
    } catch (error) {
      if (this.#closing === undefined) this.#failure = asQuorateError(error);
      await this.close();
      throw error;
    }
  }

  submit(payload: Uint8Array, caller: C): void {
    const driver = this.#running();
    if (driver instanceof QuorateError) caller.reject(driver);
    else driver.requests.submit(payload, caller);
  }

  append(payloads: readonly Uint8Array[], options?: CallOptions): Promise<LogIndex> {
    return this.#call<LogIndex>(options, (driver, settle) =>
      driver.requests.append(payloads, settle),
    );
  }

  async barrier(guarantee: ReadGuarantee, options?: CallOptions): Promise<LogIndex> {
    return this.#ask({ kind: 'read', guarantee }, options);
  }

  async appliedByAll(index: LogIndex, options?: CallOptions): Promise<void> {
    checkIndex(index);
    await this.#call<undefined>(options, (driver, settle) => driver.watch.wait(index, settle));
  }

  async changeMembership(change: MembershipChange, options?: CallOptions): Promise<LogIndex> {
    return this.#ask({ kind: 'change', change }, options);
  }

  async transferLeadership(to?: NodeId, options?: CallOptions): Promise<void> {
    await this.#ask({ kind: 'transfer', to }, options);
  }

  snapshot(options?: CallOptions): Promise<LogIndex> {
    return this.#call<LogIndex>(options, (driver, settle) => {
      driver.snapshots.taker.take().then(settle, (error: unknown) => {
        settle(asQuorateError(error));
      });
      return () => true;
    });
  }

  get status(): LogStatus {
    const { node } = this;
    const { cluster } = this.#options;
    const state = this.#state === 'new' ? 'starting' : this.#state;
    const driver = this.#driver;
    const snapshotIndex = this.#options.storage.snapshots.current()?.index ?? 0;
    if (driver === undefined) return { ...unknownStatus, node, cluster, state, snapshotIndex };
    const { status } = driver.engine;
    return {
      node,
      cluster,
      state,
      snapshotIndex,
      appliedIndex: driver.applied,
      role: status.role,
      leader: status.leader,
      epoch: status.epoch,
      firstIndex: status.firstIndex,
      lastIndex: status.lastIndex,
      commitIndex: status.commitIndex,
      settledEpoch: status.settledEpoch,
      membership: status.membership,
      contactAt: status.contactAt,
      tailBytes: status.tailBytes,
      peers: status.peers,
    };
  }

  get counters(): Counters {
    return this.#driver?.counters ?? {};
  }

  on(listen: (event: LogEvent) => void): () => void {
    this.#listeners.add(listen);
    return () => {
      this.#listeners.delete(listen);
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #open(consumer: LogConsumer<C>): Promise<void> {
    const { algorithm, cluster, members, node, storage, transport } = this.#options;
    const recovered = await storage.open({ cluster, node, algorithm: algorithm.name });
    this.#checkOpening();
    const driver = new Driver<Message, C>({
      node,
      members,
      algorithm,
      storage,
      transport,
      recovered,
      consumer,
      group: this.#options.group ?? 0,
      runtime: this.#runtime,
      logger: this.#logger,
      limits: this.#limits,
      incarnation: drawIncarnation(() => this.#runtime.random()),
      events: {
        leader: (leader, epoch) => {
          this.#logger.info('leader', { node, leader, epoch });
          this.#emit({ type: 'leader', leader, epoch });
        },
        membership: (membership) => {
          this.#emit({ type: 'membership', membership });
        },
        snapshot: (index, bytes) => {
          this.#logger.info('snapshot taken', { node, index, bytes });
          this.#emit({ type: 'snapshot', index, bytes });
        },
        restored: (index) => {
          this.#logger.info('snapshot restored', { node, index });
          this.#emit({ type: 'restored', index });
        },
        failed: (error) => {
          this.#fail(asQuorateError(error));
        },
      },
    });
    this.#driver = driver;
    await driver.restore();
    this.#checkOpening();
    await transport.start({
      cluster,
      node,
      receive: (from, frame) => {
        driver.receive(from, frame);
      },
      receiveParts: (from, parts) => {
        driver.receiveParts(from, parts);
      },
    });
    this.#checkOpening();
    this.#state = 'running';
    driver.begin();
  }

  #checkOpening(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw new ClosedError('the log was closed while it started');
  }

  /** A call that waits for the running driver. */
  #call<T>(
    options: CallOptions | undefined,
    begin: (driver: Driver<Message, C>, settle: (result: T | QuorateError) => void) => GiveUp,
  ): Promise<T> {
    return call<T>(options, (settle) => {
      const driver = this.#running();
      if (!(driver instanceof QuorateError)) return begin(driver, settle);
      settle(driver);
      return () => true;
    });
  }

  async #ask(body: Question, options: CallOptions | undefined): Promise<LogIndex> {
    checkAsked(body);
    return this.#call<LogIndex>(options, (driver, settle) => driver.requests.ask(body, settle));
  }

  /** The driver, or why there is none to be had. */
  #running(): Driver<Message, C> | QuorateError {
    if (this.#state === 'running' && this.#driver !== undefined) return this.#driver;
    return new ClosedError(
      this.#state === 'new' || this.#state === 'starting'
        ? 'the log is not started yet'
        : 'the log is closed',
      this.#failure === undefined ? {} : { cause: this.#failure },
    );
  }

  #fail(error: QuorateError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#logger.error('the log has stopped', {
      node: this.node,
      code: error.code,
      reason: error.message,
    });
    this.#endHandOver?.();
    this.close().catch(() => undefined);
    this.#emit({ type: 'failed', error });
  }

  async #close(): Promise<void> {
    const driver = this.#driver;
    if (this.#state === 'running' && this.#failure === undefined && driver !== undefined) {
      this.#state = 'closing';
      await this.#handOver(driver);
    }
    this.#state = this.#failure === undefined ? 'closing' : 'failed';
    driver?.requests.close(this.#failure);
    driver?.watch.close(this.#failure);
    await driver?.stop();
    // A start under way finds out by itself; only then is everything there that has to be closed.
    await this.#opening?.catch(() => undefined);
    const { storage, transport } = this.#options;
    const results = await Promise.allSettled([transport.close(), storage.close()]);
    for (const result of results) {
      if (result.status === 'rejected') {
        this.#logger.warn('a part did not close well', { reason: describeError(result.reason) });
      }
    }
    if (this.#failure === undefined) this.#state = 'closed';
  }

  /** A leader that just goes leaves the others without service for an election time-out. */
  async #handOver(driver: Driver<Message, C>): Promise<void> {
    const { status } = driver.engine;
    if (status.role !== 'leader' || !status.peers.some((peer) => peer.active)) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        timer.cancel();
        resolve();
      };
      const timer = this.#runtime.setTimer(this.#limits.handOverMs, end);
      this.#endHandOver = end;
      driver.requests.ask({ kind: 'transfer', to: undefined }, end);
    });
  }

  #emit(event: LogEvent): void {
    for (const listen of [...this.#listeners]) {
      try {
        listen(event);
      } catch (error) {
        this.#logger.error('a listener threw', { event: event.type, reason: describeError(error) });
      }
    }
  }
}

const unknownStatus = {
  role: 'follower',
  leader: undefined,
  epoch: 0,
  firstIndex: 1,
  lastIndex: 0,
  commitIndex: 0,
  settledEpoch: 0,
  appliedIndex: 0,
  membership: emptyMembership,
  contactAt: undefined,
  tailBytes: 0,
  peers: [],
} as const;

function asQuorateError(error: unknown): QuorateError {
  if (error instanceof QuorateError) return error;
  // Whatever a part throws that it did not foresee: the node's state can no longer be trusted.
  return new InvariantError(`unexpected failure: ${describeError(error)}`, { cause: error });
}
