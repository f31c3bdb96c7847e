/**
 * Hosts a state machine on any replicated log: commands in, results out, queries, snapshots.
 *
 * ```ts
 * const replica = await openReplica({
 *   machine: kvMachine(),
 *   node: 'a',
 *   cluster: 'demo',
 *   members: [{ id: 'a' }, { id: 'b' }, { id: 'c' }],
 *   algorithm: raft(),
 *   storage: memoryStorage(),
 *   transport: network.transport(),
 * });
 * await replica.execute(kv.put('color', 'red'));
 * await replica.query(kv.get('color'));
 * await replica.close();
 * ```
 *
 * @packageDocumentation
 */
import type { ReplicatedLog } from '@quorate/core';
import { createLog } from '@quorate/log';
import type { PayloadCaller } from './callers.ts';
import { checkLimits, type PartOptions, type ReplicaOptions } from './options.ts';
import { Replica } from './replica.ts';

export { type Acknowledge, type Consistency, NotConfirmedByAllError } from '@quorate/core';
export type { PayloadCaller } from './callers.ts';
export {
  defaultLimits,
  type ExecuteOptions,
  type MachineOptions,
  type PartOptions,
  type QueryOptions,
  type Reading,
  type ReplicaLimits,
  type ReplicaOptions,
  type ReplicaStatus,
} from './options.ts';
export { BatchOutcomeError, type CommandOutcome } from './outcomes.ts';
export type { Replica } from './replica.ts';

/** Time-out of the log's requests, as a part of the replica's own. */
const logTimeoutShare = 0.8;

/**
 * Opens a replica: restores the machine from the newest snapshot and starts to take part in the
 * group. Resolves as soon as that is done, which may be before there is a leader. On failure
 * everything that was opened is closed again.
 *
 * @throws InvalidArgumentError if an option can never work; then nothing was opened.
 * @throws whatever the parts throw when they start: CorruptError, ForeignDataError, LockedError,
 * TransportFailedError, …
 */
export async function openReplica<C, R, Q, A, M = unknown, W = never, E = never>(
  options: ReplicaOptions<C, R, Q, A, M, W, E>,
): Promise<Replica<C, R, Q, A, W, E>> {
  return new Replica(options, 'log' in options ? options.log : logOf<R, M>(options)).start();
}

/**
 * The log gives requests up before the replica does, because it knows more: a command that was never
 * handed on is UNAVAILABLE there, and definite, where the replica could only say OUTCOME_UNKNOWN.
 */
function logOf<R, M>(options: PartOptions<M>): ReplicatedLog<PayloadCaller<R>> {
  const { executeTimeoutMs } = checkLimits(options.limits);
  const limits = { requestTimeoutMs: executeTimeoutMs * logTimeoutShare, ...options.limits };
  return createLog<M, PayloadCaller<R>>({ ...options, limits });
}
