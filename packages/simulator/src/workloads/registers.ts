/**
 * Registers under names, with read, write and compare-and-set: the workload that shows most about a
 * replicated machine, on the smallest machine there is.
 */
import {
  type ByteReader,
  type ByteWriter,
  type Codec,
  crc32,
  encode,
  decode,
  type StateMachine,
  utf8,
} from '@quorate/core';
import { casRegisterModel } from '@quorate/linearizability';
import { pieces, wholeOf } from './pieces.ts';
import type { Workload } from './workload.ts';

/** What a register is told. */
export type RegisterCommand =
  | { readonly type: 'write'; readonly key: string; readonly to: number }
  | {
      readonly type: 'cas';
      readonly key: string;
      /** `null`: nobody has written it yet. */
      readonly from: number | null;
      readonly to: number;
    };

/** What a register answers: whether the command was carried out. */
export type RegisterResult = boolean;

type Registers = StateMachine<RegisterCommand, RegisterResult, string, number | null>;

const numbers: Codec<number | null> = {
  encode: (value, writer) => {
    writer.u8(value === null ? 0 : 1).u48(value ?? 0);
  },
  decode: (reader) => {
    const some = reader.u8() === 1;
    const value = reader.u48();
    return some ? value : null;
  },
};

const booleans: Codec<boolean> = {
  encode: (value, writer) => {
    writer.u8(value ? 1 : 0);
  },
  decode: (reader) => reader.u8() === 1,
};

const names: Codec<string> = {
  encode: (value, writer) => {
    writer.string(value);
  },
  decode: (reader) => reader.string(),
};

const commands: Codec<RegisterCommand> = {
  encode: (command, writer: ByteWriter) => {
    names.encode(command.key, writer);
    booleans.encode(command.type === 'cas', writer);
    numbers.encode(command.type === 'cas' ? command.from : null, writer);
    numbers.encode(command.to, writer);
  },
  decode: (reader: ByteReader) => {
    const key = names.decode(reader);
    const compares = booleans.decode(reader);
    const from = numbers.decode(reader);
    const to = numbers.decode(reader) ?? 0;
    return compares ? { type: 'cas', key, from, to } : { type: 'write', key, to };
  },
};

const contents: Codec<ReadonlyMap<string, number>> = {
  encode: (values, writer) => {
    writer.u32(values.size);
    for (const [key, value] of values) {
      names.encode(key, writer);
      numbers.encode(value, writer);
    }
  },
  decode: (reader) => {
    const count = reader.u32();
    const values = new Map<string, number>();
    for (let item = 0; item < count; item++) {
      values.set(names.decode(reader), numbers.decode(reader) ?? 0);
    }
    return values;
  },
};

/** Makes the machine. */
export function registerMachine(): Registers {
  let values: Map<string, number> = new Map<string, number>();
  /** Of all pairs, added up: equal for equal contents, in whatever order they came. */
  let hash = 0;
  const mix = (key: string, value: number | undefined): void => {
    if (value !== undefined) hash ^= crc32(utf8(`${key}=${String(value)}`));
  };
  return {
    commands,
    results: booleans,
    queries: names,
    answers: numbers,
    stateHash: () => (hash >>> 0).toString(16),
    apply: (command) => {
      const { key, to } = command;
      const before = values.get(key);
      if (command.type === 'cas' && (before ?? null) !== command.from) return false;
      mix(key, before);
      mix(key, to);
      values.set(key, to);
      return true;
    },
    query: (key) => values.get(key) ?? null,
    snapshot: () => pieces(encode(contents, values)),
    restore: async (chunks) => {
      values = new Map(decode(contents, await wholeOf(chunks)));
      hash = 0;
      for (const [key, value] of values) mix(key, value);
    },
  };
}

/** Options of {@link registerWorkload}. */
export interface RegisterWorkloadOptions {
  /** @default 5 */
  readonly registers?: number;
  /** Values that a compare-and-set expects are below this: so few that some are right. @default 6 */
  readonly values?: number;
}

/** Clients read, write, compare and set a few registers. */
export function registerWorkload({
  registers = 5,
  values = 6,
}: RegisterWorkloadOptions = {}): Workload<RegisterCommand, RegisterResult, string, number | null> {
  return {
    name: 'registers',
    machine: registerMachine,
    model: casRegisterModel(),
    next: (random) => {
      const key = `r${String(random.below(registers))}`;
      const dice = random.next();
      if (dice < 0.45) {
        return {
          kind: 'query',
          query: key,
          input: { f: 'read', key },
          output: (value) => ({ value }),
        };
      }
      const to = random.below(values);
      if (dice < 0.75) {
        return {
          kind: 'execute',
          command: { type: 'write', key, to },
          input: { f: 'write', key, value: to },
          output: () => ({}),
        };
      }
      const from = random.chance(0.1) ? null : random.below(values);
      return {
        kind: 'execute',
        command: { type: 'cas', key, from, to },
        input: { f: 'cas', key, value: [from, to] },
        output: (result) => ({ result }),
      };
    },
  };
}
