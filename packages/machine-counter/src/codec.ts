/**
 * The binary form of everything that is said. Bytes from others are bounded while they are read; what
 * they mean is checked when a command is applied. What our own caller gets wrong is said at once.
 */
import { type Codec, InvalidArgumentError, MalformedError, unreachable } from '@quorate/core';
import type {
  Counter,
  CounterAnswer,
  CounterCommand,
  CounterQuery,
  CounterResult,
} from './commands.ts';
import { readInteger, writeInteger } from './integers.ts';
import {
  limitProblem,
  maxListLimit,
  maxNameBytes,
  nameProblem,
  prefixProblem,
  valueProblem,
} from './limits.ts';

/** First byte of a command. */
const commandTag = { add: 1, compareAndSet: 2 } as const;
/** First byte of a query, and of its answer. */
const queryTag = { read: 1, list: 2 } as const;

/** Fewest bytes of a counter in an answer: length and one byte of its name, head and word of its value. */
const minCounterBytes = 4 + 1 + 2 + 4;

/** What makes no sense about a command, whatever the counters hold; or nothing. */
export function commandProblem(command: CounterCommand): string | undefined {
  const problem = nameProblem(command.name);
  if (problem !== undefined) return problem;
  switch (command.type) {
    case 'add':
      return valueProblem(command.amount);
    case 'compare-and-set':
      return valueProblem(command.expected) ?? valueProblem(command.value);
    default:
      return unreachable(command);
  }
}

/** What makes no sense about a query, or nothing. */
export function queryProblem(query: CounterQuery): string | undefined {
  if (query.type === 'read') return nameProblem(query.name);
  return prefixProblem(query.prefix) ?? prefixProblem(query.after) ?? limitProblem(query.limit);
}

/** `encode` throws InvalidArgumentError for a command that makes no sense. */
export const commandCodec: Codec<CounterCommand> = {
  encode(command, writer) {
    check(commandProblem(command));
    switch (command.type) {
      case 'add':
        writeInteger(command.amount, writer.u8(commandTag.add).string(command.name));
        return;
      case 'compare-and-set':
        writer.u8(commandTag.compareAndSet).string(command.name);
        writeInteger(command.expected, writer);
        writeInteger(command.value, writer);
        return;
      default:
        unreachable(command);
    }
  },
  decode(reader) {
    const tag = reader.u8();
    const name = reader.string(maxNameBytes);
    switch (tag) {
      case commandTag.add:
        return { type: 'add', name, amount: readInteger(reader) };
      case commandTag.compareAndSet: {
        const expected = readInteger(reader);
        return { type: 'compare-and-set', name, expected, value: readInteger(reader) };
      }
      default:
        throw new MalformedError(`unknown type of command ${String(tag)}`);
    }
  },
};

export const resultCodec: Codec<CounterResult> = {
  encode({ happened, value }, writer) {
    writeInteger(value, writer.boolean(happened));
  },
  decode(reader) {
    const happened = reader.boolean();
    return { happened, value: readInteger(reader) };
  },
};

/** `encode` throws InvalidArgumentError for a query that makes no sense. */
export const queryCodec: Codec<CounterQuery> = {
  encode(query, writer) {
    check(queryProblem(query));
    switch (query.type) {
      case 'read':
        writer.u8(queryTag.read).string(query.name);
        return;
      case 'list':
        writer.u8(queryTag.list).string(query.prefix).string(query.after).u16(query.limit);
        return;
      default:
        unreachable(query);
    }
  },
  decode(reader) {
    const tag = reader.u8();
    switch (tag) {
      case queryTag.read:
        return { type: 'read', name: reader.string(maxNameBytes) };
      case queryTag.list: {
        const prefix = reader.string(maxNameBytes);
        const after = reader.string(maxNameBytes);
        return { type: 'list', prefix, after, limit: reader.u16() };
      }
      default:
        throw new MalformedError(`unknown type of query ${String(tag)}`);
    }
  },
};

export const answerCodec: Codec<CounterAnswer> = {
  encode(answer, writer) {
    switch (answer.type) {
      case 'read':
        writeInteger(answer.value, writer.u8(queryTag.read));
        return;
      case 'list':
        writer.u8(queryTag.list).boolean(answer.more).u32(answer.counters.length);
        for (const { name, value } of answer.counters) writeInteger(value, writer.string(name));
        return;
      default:
        unreachable(answer);
    }
  },
  decode(reader) {
    const tag = reader.u8();
    switch (tag) {
      case queryTag.read:
        return { type: 'read', value: readInteger(reader) };
      case queryTag.list: {
        const more = reader.boolean();
        const count = reader.count(minCounterBytes);
        if (count > maxListLimit) throw new MalformedError(`a list of ${String(count)} counters`);
        const counters = Array.from({ length: count }, (): Counter => {
          const name = reader.string(maxNameBytes);
          return { name, value: readInteger(reader) };
        });
        return { type: 'list', counters, more };
      }
      default:
        throw new MalformedError(`unknown type of answer ${String(tag)}`);
    }
  },
};

function check(problem: string | undefined): void {
  if (problem !== undefined) throw new InvalidArgumentError(problem);
}
