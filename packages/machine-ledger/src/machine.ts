/**
 * The state machine: commands in the order of the log, queries in between, snapshots at any time.
 */
import {
  type ApplyContext,
  type Codec,
  CommandRejectedError,
  InvalidArgumentError,
  type Runtime,
  type StateMachine,
} from '@quorate/core';
import { commandCodec, queryCodec } from './codec.ts';
import { hex } from './hashing.ts';
import { Ledger } from './ledger.ts';
import type { LedgerCommand } from './operations.ts';
import type { LedgerQuery } from './queries.ts';
import { answer } from './reads.ts';
import { readSnapshot } from './restore.ts';
import { answerCodec, resultCodec } from './result-codec.ts';
import type { LedgerAnswer, LedgerResult } from './results.ts';
import { writeSnapshot } from './snapshot.ts';
import { commandProblem, queryProblem } from './validate.ts';

/** Double-entry accounting as a state machine. */
export interface LedgerMachine
  extends StateMachine<LedgerCommand, LedgerResult, LedgerQuery, LedgerAnswer> {
  nextExpiry(): number | undefined;
  expire(context: ApplyContext): void;
  /** The head of the hash chain over all events, balances included, in hexadecimal. */
  stateHash(): string;
}

export interface LedgerMachineOptions {
  /**
   * Lets others have a turn of the event loop while a snapshot is restored, every 100 records.
   *
   * @default none: a chunk is restored in one go
   */
  readonly runtime?: Runtime;
}

/**
 * A replicated ledger in the manner of TigerBeetle's data model: accounts, transfers, two-phase
 * transfers, with a history and hashes over all of it.
 *
 * No option takes part in what it answers: those would have to be equal on all replicas, so they are
 * constants (limits.ts).
 */
export function ledgerMachine(options: LedgerMachineOptions = {}): LedgerMachine {
  return new Machine(options.runtime);
}

class Machine implements LedgerMachine {
  readonly commands: Codec<LedgerCommand> = commandCodec;
  readonly results: Codec<LedgerResult> = resultCodec;
  readonly queries: Codec<LedgerQuery> = queryCodec;
  readonly answers: Codec<LedgerAnswer> = answerCodec;
  readonly #runtime: Runtime | undefined;
  #ledger = new Ledger();

  constructor(runtime: Runtime | undefined) {
    this.#runtime = runtime;
  }

  apply(command: LedgerCommand, context: ApplyContext): LedgerResult {
    const problem = commandProblem(command);
    if (problem !== undefined) throw new CommandRejectedError(problem);
    const operations = command.type === 'atomic' ? command.operations : [command];
    return this.#ledger.apply(operations, context);
  }

  /** @throws InvalidArgumentError if the query makes no sense. */
  query(query: LedgerQuery): LedgerAnswer {
    const problem = queryProblem(query);
    if (problem !== undefined) throw new InvalidArgumentError(problem);
    return answer(this.#ledger.state, query);
  }

  nextExpiry(): number | undefined {
    return this.#ledger.nextExpiry;
  }

  expire(context: ApplyContext): void {
    this.#ledger.expire(context);
  }

  snapshot(): AsyncIterable<Uint8Array> {
    return writeSnapshot(this.#ledger.state.journal);
  }

  /** @throws CorruptError if the chunks are not a whole, sound snapshot; the state stays as it was. */
  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#ledger = await readSnapshot(chunks, this.#runtime);
  }

  stateHash(): string {
    return hex(this.#ledger.state.journal.head);
  }
}
