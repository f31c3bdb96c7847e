/**
 * The state machine: commands in the order of the log, queries in between, snapshots at any time.
 */
import {
  type ApplyContext,
  type Codec,
  CommandRejectedError,
  type Cursor,
  InvalidArgumentError,
  type StateMachine,
  unreachable,
  type Watchable,
} from '@quorate/core';
import { commandCodec, queryCodec } from './codec.ts';
import type { KvCommand, KvGet, KvQuery, KvRange } from './commands.ts';
import {
  expire,
  grant,
  keepAlive,
  leaseInfo,
  leaseList,
  requireLeases,
  revoke,
} from './leases/operations.ts';
import { AnswerBudget, readKey, readRange } from './reads.ts';
import type { KvAnswer, KvCompactResult, KvInfoAnswer, KvResult } from './results.ts';
import { answerCodec, resultCodec } from './result-codec.ts';
import { readSnapshot } from './restore.ts';
import { writeSnapshot } from './snapshot.ts';
import { Store } from './store.ts';
import { put, remove, reserve, transact } from './transaction.ts';
import { commandProblem, queryProblem } from './validate.ts';
import { eventCodec, watchCodec } from './watches/codec.ts';
import type { KvEvent, KvWatch } from './watches/requests.ts';
import { Watches } from './watches/watches.ts';

/** A versioned, ordered map as a state machine. */
export interface KvMachine
  extends StateMachine<KvCommand, KvResult, KvQuery, KvAnswer>,
    Watchable<KvWatch, KvEvent> {
  nextExpiry(): number | undefined;
  expire(context: ApplyContext): void;
  renew(context: ApplyContext): void;
  /** Digest of the state in 16 hexadecimal digits. It finds accidents, not attackers. */
  stateHash(): string;
}

/**
 * A replicated, versioned, ordered map in the manner of etcd's data model.
 *
 * It has no options: everything that could be one would have to be equal on all replicas, so it is
 * either a constant (limits.ts) or part of the replicated state (`kv.retain`).
 */
export function kvMachine(): KvMachine {
  return new Machine();
}

class Machine implements KvMachine {
  readonly commands: Codec<KvCommand> = commandCodec;
  readonly results: Codec<KvResult> = resultCodec;
  readonly queries: Codec<KvQuery> = queryCodec;
  readonly answers: Codec<KvAnswer> = answerCodec;
  readonly watches: Codec<KvWatch> = watchCodec;
  readonly events: Codec<KvEvent> = eventCodec;
  #store = new Store();
  readonly #watches = new Watches(this.#store);

  // Nothing in the map depends on where in the log a command stands: its own revision counts, and
  // survives a move to another log. Only leases depend on when.
  apply(command: KvCommand, { time }: ApplyContext): KvResult {
    const problem = commandProblem(command);
    if (problem !== undefined) throw new CommandRejectedError(problem);
    const store = this.#store;
    const result = execute(store, command, time);
    store.leases.advance(time);
    this.#watches.flush();
    return result;
  }

  /** @throws InvalidArgumentError if the query makes no sense. */
  query(query: KvQuery): KvAnswer {
    const problem = queryProblem(query);
    if (problem !== undefined) throw new InvalidArgumentError(problem);
    const store = this.#store;
    switch (query.type) {
      case 'get':
      case 'range':
        return read(store, query);
      case 'info':
        return info(store);
      case 'lease-info':
        return leaseInfo(store, query);
      case 'lease-list':
        return leaseList(store, query);
      default:
        return unreachable(query);
    }
  }

  /** When the next lease runs out, by the time of the log; undefined: there is none. */
  nextExpiry(): number | undefined {
    return this.#store.leases.nextExpiry;
  }

  expire({ time }: ApplyContext): void {
    expire(this.#store, time);
    this.#watches.flush();
  }

  renew({ time }: ApplyContext): void {
    this.#store.leases.renew(time);
    this.#store.leases.advance(time);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return writeSnapshot(this.#store, this.#store.freeze());
  }

  /** @throws CorruptError if the chunks are not a whole, sound snapshot; the state stays as it was. */
  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#store = await readSnapshot(chunks);
    this.#watches.replace(this.#store);
    this.#watches.flush();
  }

  watch(request: KvWatch, wake: () => void): Cursor<KvWatch, KvEvent> {
    return this.#watches.open(request, wake);
  }

  stateHash(): string {
    return this.#store.hash();
  }
}

function execute(store: Store, command: KvCommand, time: number): KvResult {
  switch (command.type) {
    case 'put':
      requireLeases(store, [command]);
      return committed(store, put(store, command));
    case 'delete':
      reserve(store, [command]);
      return committed(store, remove(store, command));
    case 'txn':
      return committed(store, transact(store, command));
    case 'compact':
      return compact(store, command.revision);
    case 'retain': {
      const { revisions, bytes } = command;
      store.retain({ revisions, bytes });
      const { revision, compactRevision } = store;
      return { type: 'retain', revision, compactRevision };
    }
    case 'lease-grant':
      return grant(store, command, time);
    case 'lease-keep-alive':
      return keepAlive(store, command, time);
    case 'lease-revoke':
      return committed(store, revoke(store, command));
    default:
      return unreachable(command);
  }
}

/** Reads at a revision, if it can be read. */
function read(store: Store, query: KvGet | KvRange): KvAnswer {
  const { revision } = query;
  const { compactRevision, revision: currentRevision } = store;
  if (revision > currentRevision) return { type: 'future', revision, currentRevision };
  if (revision !== 0 && revision < compactRevision) {
    return { type: 'compacted', revision, compactRevision };
  }
  return query.type === 'get' ? readKey(store, query) : readRange(store, query, new AnswerBudget());
}

function committed<Result extends KvResult>(store: Store, result: Result): Result {
  store.commit();
  return result;
}

function compact(store: Store, revision: number): KvCompactResult {
  if (revision > store.revision) {
    throw new CommandRejectedError(
      `cannot compact at revision ${String(revision)}, the current one is ${String(store.revision)}; ask for one that is past`,
    );
  }
  if (revision <= store.compactRevision) {
    throw new CommandRejectedError(
      `revision ${String(revision)} is compacted already; the oldest left is ${String(store.compactRevision)}`,
    );
  }
  store.compact(revision);
  return { type: 'compact', revision: store.revision, compactRevision: revision };
}

function info(store: Store): KvInfoAnswer {
  return {
    type: 'info',
    revision: store.revision,
    compactRevision: store.compactRevision,
    keys: store.keys,
    bytes: store.bytes,
    changes: store.history.length,
    historyBytes: store.history.bytes,
    retainRevisions: store.retention.revisions,
    retainBytes: store.retention.bytes,
    leases: store.leases.size,
    hash: store.hash(),
  };
}
