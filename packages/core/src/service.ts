/**
 * What a node offers to clients far away, in bytes: the port between a replica and whatever brings requests to it
 * over a network. Nothing of the machine's types shows here, so one server serves every machine.
 *
 * Each request has a number of whoever asks, and comes back with it exactly once; no promise is made for one.
 */
import type { ReadGuarantee } from './engine.ts';
import type { QuorateError } from './errors.ts';
import type { LogIndex, NodeId } from './ids.ts';

/** Number of a request, unique among those that one requester has under way. */
export type RequestId = number;

/** When a command counts as done: a quorum has it and this node applied it, or every voter applied it. */
export type Acknowledge = 'quorum' | 'all';

/** `local`: what this node has applied, as stale as it may be. */
export type Consistency = ReadGuarantee | 'local';

/** Whoever asks. */
export interface Requester {
  /** The reply to a command (`reply.ts`), or the answer to a query, in the machine's own encoding. */
  answered(id: RequestId, bytes: Uint8Array): void;
  /**
   * The reply to a command that was applied at `index`, of which it is not known whether every voter has applied
   * it.
   */
  unconfirmed(id: RequestId, reply: Uint8Array, index: LogIndex): void;
  /** Definite, but for `OUTCOME_UNKNOWN`. */
  refused(id: RequestId, error: QuorateError): void;
}

/** A watch that goes on. */
export interface ServiceWatch {
  /** The request that goes on behind everything that was taken, or passed over as of no interest. */
  readonly rest: Uint8Array;
  /**
   * The next events, oldest first, each in the machine's own encoding: at most `most`, and not many more than
   * `maxBytes`. None: there are none yet, and `wake` is called as soon as there are.
   *
   * @throws CompactedError if the next ones were discarded meanwhile.
   * @throws ClosedError if the node takes nothing more in.
   */
  take(most: number, maxBytes: number): readonly Uint8Array[];
  close(): void;
}

/** One node, as its clients see it. */
export interface Service {
  readonly node: NodeId;
  readonly cluster: string;
  /** Who leads, as far as this node knows. */
  readonly leader: NodeId | undefined;
  /** Largest payload that {@link submit} takes. */
  readonly maxPayloadBytes: number;
  /** Hands in a payload: an envelope (`envelope.ts`) and what stands in it. */
  submit(
    payload: Uint8Array,
    options: { readonly acknowledge: Acknowledge; readonly timeoutMs: number },
    id: RequestId,
    requester: Requester,
  ): void;
  /** Asks the machine. */
  query(
    query: Uint8Array,
    options: { readonly consistency: Consistency; readonly timeoutMs: number },
    id: RequestId,
    requester: Requester,
  ): void;
  /**
   * Begins to watch the machine's changes as this node applies them.
   *
   * @param wake called in a turn of its own whenever there may be events again after `take` has found none.
   * @throws InvalidArgumentError if the machine cannot be watched, or the request makes no sense.
   * @throws MalformedError if the bytes are no request.
   * @throws CompactedError if it begins with what was discarded.
   */
  watch(request: Uint8Array, wake: () => void): ServiceWatch;
  /** Calls back when another node leads, until the function that it returns is called. */
  onLeader(listen: (leader: NodeId | undefined) => void): () => void;
}
