/**
 * The state machine: commands in the order of the log, queries in between, snapshots at any time.
 */
import {
  type Codec,
  CommandRejectedError,
  InvalidArgumentError,
  type StateMachine,
  unreachable,
} from '@quorate/core';
import {
  answerCodec,
  commandCodec,
  commandProblem,
  queryCodec,
  queryProblem,
  resultCodec,
} from './codec.ts';
import type {
  Counter,
  CounterAnswer,
  CounterCommand,
  CounterQuery,
  CounterResult,
  List,
  ListAnswer,
} from './commands.ts';
import { Counters } from './counters.ts';
import { maxCounters, valueProblem } from './limits.ts';
import { readSnapshot, writeSnapshot } from './snapshot.ts';

/** Counters as a state machine. */
export interface CounterMachine
  extends StateMachine<CounterCommand, CounterResult, CounterQuery, CounterAnswer> {
  /** Digest of the state in 16 hexadecimal digits. It finds accidents, not attackers. */
  stateHash(): string;
}

/** Replicated counters, by name. They have no options: see limits.ts. */
export function counterMachine(): CounterMachine {
  return new Machine();
}

class Machine implements CounterMachine {
  readonly commands: Codec<CounterCommand> = commandCodec;
  readonly results: Codec<CounterResult> = resultCodec;
  readonly queries: Codec<CounterQuery> = queryCodec;
  readonly answers: Codec<CounterAnswer> = answerCodec;
  #counters = new Counters();

  /** @throws CommandRejectedError, with the counters unchanged, for what is over a limit. */
  apply(command: CounterCommand): CounterResult {
    // Said again, although encoding says it: somebody else may have written these bytes.
    refuse(commandProblem(command));
    const { name } = command;
    const value = this.#counters.get(name);
    switch (command.type) {
      case 'add':
        return this.#set(name, value, value + command.amount);
      case 'compare-and-set':
        if (value !== command.expected) return { happened: false, value };
        return this.#set(name, value, command.value);
      default:
        return unreachable(command);
    }
  }

  /** @throws InvalidArgumentError if the query makes no sense. */
  query(query: CounterQuery): CounterAnswer {
    const problem = queryProblem(query);
    if (problem !== undefined) throw new InvalidArgumentError(problem);
    switch (query.type) {
      case 'read':
        return { type: 'read', value: this.#counters.get(query.name) };
      case 'list':
        return this.#list(query);
      default:
        return unreachable(query);
    }
  }

  // Not `async *`: that would look at the counters when somebody asks for the first chunk, and not now.
  snapshot(): AsyncIterable<Uint8Array> {
    return writeSnapshot(this.#counters.freeze());
  }

  /** @throws CorruptError, ForeignDataError if the chunks are no sound snapshot; the state stays as it was. */
  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    this.#counters = await readSnapshot(chunks);
  }

  stateHash(): string {
    return this.#counters.digest();
  }

  /** Everything that can be refused is refused before anything changes. */
  #set(name: string, before: bigint, value: bigint): CounterResult {
    refuse(valueProblem(value));
    if (before === 0n && value !== 0n && this.#counters.size >= maxCounters) {
      refuse(`there are maxCounters, ${String(maxCounters)}, already; bring others to 0 first`);
    }
    this.#counters.set(name, value);
    return { happened: true, value };
  }

  #list({ prefix, after, limit }: List): ListAnswer {
    const counters: Counter[] = [];
    for (const counter of this.#counters.from(prefix > after ? prefix : after)) {
      if (counter.name === after) continue;
      if (!counter.name.startsWith(prefix)) break;
      if (counters.length === limit) return { type: 'list', counters, more: true };
      counters.push(counter);
    }
    return { type: 'list', counters, more: false };
  }
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new CommandRejectedError(problem);
}
