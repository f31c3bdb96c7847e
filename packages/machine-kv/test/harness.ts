/** What the tests share: a machine that is only ever spoken to in bytes, and generators. */
import { type ApplyContext, decode, encode, fromUtf8 } from '@quorate/core';
import fc from 'fast-check';
import {
  expectType,
  type KvAnswer,
  type KvCommand,
  type KvCompare,
  type KvInfoAnswer,
  type KvLease,
  type KvMachine,
  type KvOperation,
  type KvPair,
  type KvQuery,
  type KvResult,
  kv,
  kvMachine,
} from '../src/index.ts';

/** A machine behind its codecs, as a replica hosts it. */
export class Hosted {
  readonly machine: KvMachine = kvMachine();
  /** The time of the log, ms. */
  time = 1_000_000;
  #index = 0;

  execute(command: KvCommand): KvResult {
    const { commands, results } = this.machine;
    const received = decode(commands, encode(commands, command));
    return decode(results, encode(results, this.machine.apply(received, this.#context())));
  }

  /** An entry of the leader by which things run out. */
  expire(): void {
    this.machine.expire(this.#context());
  }

  /** An entry of a new leader. */
  renew(): void {
    this.machine.renew(this.#context());
  }

  query(query: KvQuery): KvAnswer {
    const { queries, answers } = this.machine;
    const received = decode(queries, encode(queries, query));
    return decode(answers, encode(answers, this.machine.query(received)));
  }

  info(): KvInfoAnswer {
    return expectType(this.query(kv.info()), 'info');
  }

  /** One lease. */
  lease(id: number): KvLease | undefined {
    return expectType(this.query(kv.lease.info(id)), 'lease-info').lease;
  }

  /** The value of a key as text. */
  text(key: string, revision?: number): string | undefined {
    const options = revision === undefined ? {} : { revision };
    const { pair } = expectType(this.query(kv.get(key, options)), 'get');
    return pair === undefined ? undefined : fromUtf8(pair.value);
  }

  /** All pairs, as text. */
  all(revision?: number): readonly string[] {
    const options = revision === undefined ? {} : { revision };
    return texts(expectType(this.query(kv.range({ prefix: '', ...options })), 'range').pairs);
  }

  #context(): ApplyContext {
    this.#index += 1;
    return { index: this.#index, position: 0, time: this.time };
  }
}

/** Pairs as `key=value`. */
export function texts(pairs: readonly KvPair[]): readonly string[] {
  return pairs.map(({ key, value }) => `${key}=${fromUtf8(value)}`);
}

/** Applies to a machine without codecs. */
export function apply(machine: KvMachine, command: KvCommand): KvResult {
  return machine.apply(command, { index: 1, position: 0, time: 0 });
}

/** All chunks of a snapshot. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const collected: Uint8Array[] = [];
  for await (const chunk of chunks) collected.push(chunk);
  return collected;
}

/** A snapshot out of chunks. */
export async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}

/** Few keys, so that they meet often; some in the region where the order of UTF-16 differs. */
export const someKey = fc.constantFrom(
  'a',
  'a/1',
  'a/2',
  'ab',
  'b',
  'é',
  '\uD7FF',
  '\uE000',
  '\uFFFD',
  '😀',
  '😀b',
);
const someBound = fc.oneof(someKey, fc.constant(''));
const someValue = fc.uint8Array({ maxLength: 5 });
const someFlag = fc.boolean();
const someSelection = fc.oneof(
  someKey,
  fc.record({ prefix: someBound }),
  fc.record({ from: someBound, to: someBound }),
);
/** Few, so that they are there more often than not; 0 is none. */
const someLease = fc.constantFrom(0, 0, 1, 2, 3, 7);
const somePut = fc
  .tuple(someKey, someValue, someFlag, someLease)
  .map(([key, value, previous, lease]) => kv.put(key, value, { previous, lease }));
const someDelete = fc
  .tuple(someSelection, someFlag)
  .map(([keys, previous]) => kv.delete(keys, { previous }));

/** A range read at one of these revisions. */
export function someRange(
  revision: fc.Arbitrary<number>,
): fc.Arbitrary<KvQuery & { readonly type: 'range' }> {
  return fc
    .tuple(
      fc.oneof(fc.record({ prefix: someBound }), fc.record({ from: someBound, to: someBound })),
      fc.record({
        limit: fc.nat(6),
        reverse: someFlag,
        keysOnly: someFlag,
        count: someFlag,
        revision,
      }),
    )
    .map(([span, options]) => kv.range({ ...span, ...options }));
}

const someOperation: fc.Arbitrary<KvOperation> = fc.oneof(
  { weight: 4, arbitrary: somePut },
  { weight: 2, arbitrary: someDelete },
  { weight: 1, arbitrary: someKey.map((key) => kv.get(key)) },
  { weight: 1, arbitrary: someRange(fc.constant(0)) },
);
const someOperator = fc.constantFrom('=' as const, '!=' as const, '<' as const, '>' as const);
const someCompare: fc.Arbitrary<KvCompare> = fc.oneof(
  fc
    .tuple(someKey, someOperator, someValue)
    .map(([key, op, value]) => kv.when(key).value(op, value)),
  fc
    .tuple(
      someKey,
      fc.constantFrom('version' as const, 'createRevision' as const, 'modRevision' as const),
      someOperator,
      fc.nat(12),
    )
    .map(([key, target, op, value]) => kv.when(key)[target](op, value)),
  fc.tuple(someKey, someLease).map(([key, lease]) => kv.when(key).lease('=', lease)),
  someKey.map((key) => kv.when(key).exists()),
  someKey.map((key) => kv.when(key).missing()),
);

/** A command that may change the map, sensible or not. */
export const someCommand: fc.Arbitrary<KvCommand> = fc.oneof(
  { weight: 6, arbitrary: somePut },
  { weight: 3, arbitrary: someDelete },
  {
    weight: 3,
    arbitrary: fc
      .record({
        compare: fc.array(someCompare, { maxLength: 2 }),
        then: fc.array(someOperation, { maxLength: 4 }),
        else: fc.array(someOperation, { maxLength: 4 }),
      })
      .map((parts) => kv.txn(parts)),
  },
  { weight: 1, arbitrary: fc.nat(40).map((revision) => kv.compact(revision)) },
  {
    weight: 1,
    arbitrary: fc
      .record({ revisions: fc.nat(12), bytes: fc.constantFrom(0, 600, 2000, 1_000_000) })
      .map((retention) => kv.retain(retention)),
  },
  { weight: 3, arbitrary: fc.oneof(...someLeaseCommands()) },
);

function someLeaseCommands(): fc.Arbitrary<KvCommand>[] {
  const id = fc.constantFrom(0, 1, 2, 3, 7);
  return [
    fc.tuple(id, fc.constantFrom(100, 250, 99)).map(([id, ttl]) => kv.lease.grant(ttl, { id })),
    id.map((lease) => kv.lease.keepAlive(lease)),
    id.map((lease) => kv.lease.revoke(lease)),
  ];
}

/** Something that happens to a machine. */
export type Step =
  | { readonly type: 'execute'; readonly command: KvCommand }
  | { readonly type: 'wait'; readonly ms: number }
  | { readonly type: 'expire' }
  | { readonly type: 'renew' };

/** Commands, while time goes on and the leader lets things run out. */
export const someStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 18, arbitrary: someCommand.map((command) => ({ type: 'execute', command }) as const) },
  { weight: 2, arbitrary: fc.constantFrom(30, 120).map((ms) => ({ type: 'wait', ms }) as const) },
  { weight: 2, arbitrary: fc.constant({ type: 'expire' } as const) },
  { weight: 1, arbitrary: fc.constant({ type: 'renew' } as const) },
);
