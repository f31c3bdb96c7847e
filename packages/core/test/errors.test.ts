import { readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as errors from '../src/errors.ts';
import {
  describeError,
  type ErrorCode,
  invariant,
  QuorateError,
  unreachable,
} from '../src/errors.ts';

const cause = new Error('the disk is full');

/** One error of each code. The compiler refuses a code too many, one too few, or one of another class. */
const examples: { readonly [Code in ErrorCode]: QuorateError & { readonly code: Code } } = {
  ABORTED: new errors.AbortedError('why', { cause }),
  CHANGE_IN_PROGRESS: new errors.ChangeInProgressError('why', { cause }),
  CLOSED: new errors.ClosedError('why', { cause }),
  COMMAND_REJECTED: new errors.CommandRejectedError('why', { cause }),
  COMPACTED: new errors.CompactedError('why', { cause }),
  CORRUPT: new errors.CorruptError('why', { cause }),
  FOREIGN_DATA: new errors.ForeignDataError('why', { cause }),
  INVALID_ARGUMENT: new errors.InvalidArgumentError('why', { cause }),
  INVARIANT_BROKEN: new errors.InvariantError('why', { cause }),
  LOCKED: new errors.LockedError('why', { cause }),
  MALFORMED: new errors.MalformedError('why', { cause }),
  NOT_LEADER: new errors.NotLeaderError('node-2'),
  OUTCOME_UNKNOWN: new errors.OutcomeUnknownError('why', { cause }),
  OUT_OF_ORDER: new errors.OutOfOrderError('why', { cause }),
  OVERLOADED: new errors.OverloadedError('why', { cause }),
  SESSION_EXPIRED: new errors.SessionExpiredError('why', { cause }),
  STORAGE_FAILED: new errors.StorageFailedError('why', { cause }),
  TIMEOUT: new errors.TimeoutError('why', { cause }),
  TOO_LARGE: new errors.TooLargeError('why', { cause }),
  TRANSFER_FAILED: new errors.TransferFailedError('why', { cause }),
  TRANSPORT_FAILED: new errors.TransportFailedError('why', { cause }),
  UNAVAILABLE: new errors.UnavailableError('why', { cause }),
};

/** The codes of all classes that this file exports, as a type. */
type Exported = (typeof errors)[keyof typeof errors];
type CodeOfClasses = InstanceType<Extract<Exported, new (...args: never) => QuorateError>>['code'];

describe('the errors', () => {
  it('are exactly one class for each code', () => {
    expectTypeOf<CodeOfClasses>().toEqualTypeOf<ErrorCode>();
    // Not counting the finer shades, which extend the class of their code.
    const classes = Object.values<unknown>(errors).filter(
      (exported) =>
        typeof exported === 'function' && Object.getPrototypeOf(exported) === errors.QuorateError,
    );
    const inTable = Object.values(examples).map((error): unknown => error.constructor);
    expect(new Set(inTable)).toEqual(new Set(classes));
    expect(inTable).toHaveLength(classes.length);
  });

  it.each(Object.entries(examples))(
    'carry the code %s, a name and what caused them',
    (code, error) => {
      expect(error.code).toBe(code);
      expect(error).toBeInstanceOf(QuorateError);
      expect(error).toBeInstanceOf(Error);
      expect(error.name).toBe(error.constructor.name);
      expect(error.stack).toContain(error.name);
      if (error instanceof errors.NotLeaderError) return;
      expect(error.message).toBe('why');
      expect(error.cause).toBe(cause);
    },
  );

  it('say where the leader is, if somebody knows', () => {
    expect(examples.NOT_LEADER).toMatchObject({ leader: 'node-2' });
    expect(examples.NOT_LEADER.message).toMatch(/ask node-2/);
    const unknown = new errors.NotLeaderError(undefined);
    expect(unknown.leader).toBeUndefined();
    expect(unknown.message).toMatch(/retry/);
  });

  it('stand in the README, each code as a heading, in order', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const headings = [...readme.matchAll(/^### `([A-Z_]+)`$/gm)].map(([, code]) => code);
    expect(headings).toEqual(Object.keys(examples).sort());
  });
});

describe('an invariant', () => {
  it('that holds narrows and does nothing else', () => {
    const index: number | undefined = [1, 2, 3].find((value) => value === 2);
    invariant(index !== undefined, 'there is a two');
    expectTypeOf(index).toEqualTypeOf<number>();
    expect(index).toBe(2);
  });

  it('that is broken throws its statement', () => {
    expect(() => {
      invariant(false, 'commit never falls');
    }).toThrow(new errors.InvariantError('invariant broken: commit never falls'));
  });
});

describe('the branch that cannot be reached', () => {
  // What a lying cast or a newer peer could bring there.
  const reach = unreachable as (value: unknown) => never;

  it('names the value that reached it', () => {
    expect(() => reach({ type: 'new' })).toThrow('unexpected value {"type":"new"}');
    expect(() => reach(undefined)).toThrow('unexpected value undefined');
  });

  it('names no more than the beginning of a large one', () => {
    expect(() => reach('x'.repeat(1_000_000))).toThrow(/^unexpected value .{183}$/);
  });
});

describe('the description of what was thrown', () => {
  it.each([
    [new Error('a'), 'a'],
    [new errors.TimeoutError('b'), 'b'],
    ['c', 'c'],
    [undefined, 'undefined'],
  ])('of %s is %j', (thrown, text) => {
    expect(describeError(thrown)).toBe(text);
  });
});
