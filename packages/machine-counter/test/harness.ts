/** What the tests share: a machine that is only ever spoken to in bytes, as a replica does. */
import { decode, encode } from '@quorate/core';
import {
  type CounterAnswer,
  type CounterCommand,
  type CounterMachine,
  type CounterQuery,
  type CounterResult,
  counterMachine,
  expectType,
  type ListOptions,
  list,
  read,
} from '../src/index.ts';

export class Hosted {
  readonly machine: CounterMachine = counterMachine();
  #index = 0;

  execute(command: CounterCommand): CounterResult {
    const { commands, results } = this.machine;
    this.#index += 1;
    const context = { index: this.#index, position: 0, time: 0 };
    const received = decode(commands, encode(commands, command));
    return decode(results, encode(results, this.machine.apply(received, context)));
  }

  query(query: CounterQuery): CounterAnswer {
    const { queries, answers } = this.machine;
    const received = decode(queries, encode(queries, query));
    return decode(answers, encode(answers, this.machine.query(received)));
  }

  value(name: string): bigint {
    return expectType(this.query(read(name)), 'read').value;
  }

  /** A page as `name=value`, and whether there is more. */
  page(options?: ListOptions): readonly [readonly string[], boolean] {
    const { counters, more } = expectType(this.query(list(options)), 'list');
    return [counters.map(({ name, value }) => `${name}=${String(value)}`), more];
  }
}

/** Applies without codecs. */
export function apply(machine: CounterMachine, command: CounterCommand): CounterResult {
  return machine.apply(command, { index: 1, position: 0, time: 0 });
}

export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return collected;
}

export async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}
