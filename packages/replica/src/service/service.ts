/**
 * A replica as clients far away see it: the port of core (`service.ts`), on the same log, reads and watches as
 * the calls of this process, and under the same bounds.
 */
import {
  type Acknowledge,
  type Codec,
  type Consistency,
  decode,
  encode,
  envelopeType,
  InvalidArgumentError,
  type LogEvent,
  type MachineCodecs,
  type NodeId,
  OverloadedError,
  QuorateError,
  type ReplicatedLog,
  type RequestId,
  type Requester,
  type Runtime,
  type Service,
  type ServiceWatch,
  TooLargeError,
  type Watchable,
} from '@quorate/core';
import type { PayloadCaller, Tally } from '../callers.ts';
import type { ReplicaLimits } from '../options.ts';
import type { Reads } from '../reads.ts';
import type { Watch, Watches } from '../watches.ts';
import { RemoteCall, RemoteCalls } from './remote-call.ts';
import { ReadCodecs, RemoteRead } from './remote-read.ts';

/** What {@link ReplicaService} needs. */
export interface ServiceSetup<C, R, Q, A, W, E> {
  readonly log: Pick<ReplicatedLog<PayloadCaller<R>>, 'node' | 'status' | 'submit' | 'on'>;
  readonly machine: MachineCodecs<C, R, Q, A> & Partial<Watchable<W, E>>;
  readonly reads: Reads<R, Q, A>;
  readonly watches: Watches<W, E>;
  readonly tally: Tally;
  readonly limits: ReplicaLimits;
  readonly runtime: Pick<Runtime, 'now'>;
  /** @throws ClosedError once the replica takes nothing more in. */
  readonly checkOpen: () => void;
}

/** One replica in bytes. */
export class ReplicaService<C, R, Q, A, W, E> implements Service {
  readonly maxPayloadBytes: number;
  readonly #setup: ServiceSetup<C, R, Q, A, W, E>;
  readonly #calls: RemoteCalls<R>;
  readonly #codecs: ReadCodecs<Q, A>;

  constructor(setup: ServiceSetup<C, R, Q, A, W, E>) {
    this.#setup = setup;
    this.maxPayloadBytes = setup.limits.maxCommandBytes;
    this.#calls = new RemoteCalls(setup.machine.results, setup.tally);
    this.#codecs = new ReadCodecs(setup.machine);
  }

  get node(): NodeId {
    return this.#setup.log.node;
  }

  get cluster(): string {
    return this.#setup.log.status.cluster;
  }

  get leader(): NodeId | undefined {
    return this.#setup.log.status.leader;
  }

  submit(
    payload: Uint8Array,
    options: { readonly acknowledge: Acknowledge; readonly timeoutMs: number },
    id: RequestId,
    requester: Requester,
  ): void {
    try {
      this.#check(payload);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      requester.refused(id, error);
      return;
    }
    const { log, runtime } = this.#setup;
    const deadlineAt = runtime.now() + options.timeoutMs;
    log.submit(
      payload,
      new RemoteCall<R>(this.#calls, requester, id, options.acknowledge, deadlineAt),
    );
  }

  query(
    query: Uint8Array,
    options: { readonly consistency: Consistency; readonly timeoutMs: number },
    id: RequestId,
    requester: Requester,
  ): void {
    try {
      const read = new RemoteRead<Q, A>(this.#codecs, query, requester, id);
      this.#setup.reads.admit(read, options.consistency, options.timeoutMs);
    } catch (error) {
      if (!(error instanceof QuorateError)) throw error;
      requester.refused(id, error);
    }
  }

  watch(request: Uint8Array, wake: () => void): ServiceWatch {
    const { watches: requests, events } = this.#setup.machine;
    if (requests === undefined || events === undefined) {
      throw new InvalidArgumentError('this state machine cannot be watched');
    }
    const watch = this.#setup.watches.open(decode(requests, request), wake);
    return new WatchInBytes(watch, requests, events);
  }

  onLeader(listen: (leader: NodeId | undefined) => void): () => void {
    return this.#setup.log.on((event: LogEvent) => {
      if (event.type === 'leader') listen(event.leader);
    });
  }

  /**
   * Nothing of a client goes into the log that only leaders may say, or that no replica could read.
   *
   * @throws ClosedError, TooLargeError, OverloadedError, MalformedError, InvalidArgumentError
   */
  #check(payload: Uint8Array): void {
    const { checkOpen, tally, limits } = this.#setup;
    checkOpen();
    if (payload.length > limits.maxCommandBytes) {
      throw new TooLargeError(
        `a payload of ${String(payload.length)} bytes is over limits.maxCommandBytes of ${String(limits.maxCommandBytes)}`,
      );
    }
    if (tally.pending >= limits.maxPending) {
      throw new OverloadedError(
        `${String(tally.pending)} commands wait here, limits.maxPending is ${String(limits.maxPending)}; slow down and retry`,
      );
    }
    const type = envelopeType(payload);
    if (type === 'time' || type === 'leader') {
      throw new InvalidArgumentError(`a client cannot hand in an entry of the kind '${type}'`);
    }
  }
}

/** A watch whose events and requests are bytes. */
class WatchInBytes<W, E> implements ServiceWatch {
  readonly #watch: Watch<W, E>;
  readonly #requests: Codec<W>;
  readonly #events: Codec<E>;

  constructor(watch: Watch<W, E>, requests: Codec<W>, events: Codec<E>) {
    this.#watch = watch;
    this.#requests = requests;
    this.#events = events;
  }

  get rest(): Uint8Array {
    return encode(this.#requests, this.#watch.rest);
  }

  take(most: number, maxBytes: number): readonly Uint8Array[] {
    return this.#watch.take(most, maxBytes).map((event) => encode(this.#events, event));
  }

  close(): void {
    this.#watch.close();
  }
}
