/** What the tests share: a machine that is only ever spoken to in bytes, and generators. */
import { decode, encode } from '@quorate/core';
import fc from 'fast-check';
import {
  expectType,
  ledger,
  type LedgerAnswer,
  type LedgerBalances,
  type LedgerCommand,
  type LedgerMachine,
  ledgerMachine,
  type LedgerOperation,
  type LedgerQuery,
  type LedgerReason,
  type LedgerReceipt,
  type LedgerResult,
  type LedgerStatusAnswer,
  maxAmount,
} from '../src/index.ts';

/** A machine behind its codecs, as a replica hosts it. Each command is an entry, a second apart. */
export class Hosted {
  readonly machine: LedgerMachine;
  index = 0;
  time = 0;

  constructor(machine: LedgerMachine = ledgerMachine()) {
    this.machine = machine;
  }

  execute(command: LedgerCommand, passedMs: number = 1000): LedgerResult {
    const { commands, results } = this.machine;
    this.index += 1;
    this.time += passedMs;
    const received = decode(commands, encode(commands, command));
    const context = { index: this.index, position: 0, time: this.time };
    return decode(results, encode(results, this.machine.apply(received, context)));
  }

  /** Does what has to be applied; fails the test if it is refused. */
  done(command: LedgerCommand, passedMs?: number): readonly LedgerReceipt[] {
    return expectType(this.execute(command, passedMs), 'applied').receipts;
  }

  /** The reason for which a command is refused; fails the test if it is not. */
  refusal(command: LedgerCommand, passedMs?: number): LedgerReason {
    return expectType(this.execute(command, passedMs), 'refused').reason;
  }

  expire(passedMs: number): void {
    this.index += 1;
    this.time += passedMs;
    this.machine.expire({ index: this.index, position: 0, time: this.time });
  }

  query(query: LedgerQuery): LedgerAnswer {
    const { queries, answers } = this.machine;
    const received = decode(queries, encode(queries, query));
    return decode(answers, encode(answers, this.machine.query(received)));
  }

  balances(account: string, index?: number): LedgerBalances {
    const options = index === undefined ? {} : { index };
    return expectType(this.query(ledger.account(account, options)), 'account').balances;
  }

  status(): LedgerStatusAnswer {
    return expectType(this.query(ledger.status()), 'status');
  }
}

/** A ledger with a bank, two customers who must not be overdrawn, and a till that must not be. */
export function opened(): Hosted {
  const hosted = new Hosted();
  hosted.done(
    ledger.atomic(
      ledger.open({ id: 'bank', currency: 'EUR' }),
      ledger.open({ id: 'alice', currency: 'EUR', limit: 'debits-within-credits' }),
      ledger.open({ id: 'bob', currency: 'EUR', limit: 'debits-within-credits' }),
      ledger.open({ id: 'till', currency: 'EUR', limit: 'credits-within-debits' }),
      ledger.open({ id: 'dollars', currency: 'USD' }),
    ),
  );
  return hosted;
}

/** Moves an amount from the bank to a customer. */
export function fund(id: string, credit: string, amount: bigint): LedgerOperation {
  return ledger.transfer({ id, debit: 'bank', credit, amount });
}

/** Balances in short: what is posted, and what is pending. */
export function balances(
  debitsPosted: bigint,
  creditsPosted: bigint,
  debitsPending: bigint = 0n,
  creditsPending: bigint = 0n,
): LedgerBalances {
  return { debitsPosted, creditsPosted, debitsPending, creditsPending };
}

/** All of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

/** An async iterable of items that are at hand. */
export async function* stream<T>(items: readonly T[]): AsyncGenerator<T, void> {
  yield* items;
}

/** A step of a random history. */
export type Step =
  | { readonly type: 'command'; readonly command: LedgerCommand; readonly passedMs: number }
  | { readonly type: 'expire'; readonly passedMs: number };

// Few ids, so that they meet often; mostly those between which much can be moved.
export const someAccount: fc.Arbitrary<string> = fc.constantFrom(
  ...['a', 'a', 'a', 'b', 'b', 'b', 'c', 'c', 'd', 'x', 'nobody'],
);
/** Ids of transfers; those of `p` are mostly pending ones, those of `e` mostly end one. */
export const transferIds: readonly string[] = ['t', 'p', 'e'].flatMap((kind) =>
  [0, 1, 2, 3].map((at) => kind + String(at)),
);
export const someTransfer: fc.Arbitrary<string> = fc.constantFrom(...transferIds);
const mostly = (kind: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.nat(3).map((at) => kind + String(at)) },
    { weight: 1, arbitrary: someTransfer },
  );
const someNotes = fc.record({
  code: fc.constantFrom(0, 0, 0, 7),
  userData: fc.constantFrom(new Uint8Array(0), Uint8Array.of(1, 2)),
});
const someAmount = fc.oneof(
  { weight: 12, arbitrary: fc.bigInt({ min: 1n, max: 20n }) },
  { weight: 1, arbitrary: fc.constantFrom(2n ** 48n, 2n ** 64n, maxAmount - 5n, maxAmount) },
);
const someSides = fc.tuple(someAccount, someAccount).filter(([debit, credit]) => debit !== credit);

const someOpen = fc
  .record({
    id: someAccount.filter((id) => id !== 'nobody'),
    currency: fc.constantFrom('EUR', 'EUR', 'EUR', 'USD'),
    limit: fc.constantFrom(
      'none' as const,
      'none' as const,
      'debits-within-credits' as const,
      'credits-within-debits' as const,
    ),
    notes: someNotes,
  })
  .map(({ notes, ...fields }) => ledger.open({ ...fields, ...notes }));

/** An operation, sensible in this ledger or not. */
export const someOperation: fc.Arbitrary<LedgerOperation> = fc.oneof(
  { weight: 1, arbitrary: someOpen },
  {
    weight: 5,
    arbitrary: fc
      .tuple(mostly('t'), someSides, someAmount, someNotes)
      .map(([id, [debit, credit], amount, notes]) =>
        ledger.transfer({ id, debit, credit, amount, ...notes }),
      ),
  },
  {
    weight: 5,
    arbitrary: fc
      .tuple(mostly('p'), someSides, someAmount, fc.constantFrom(0, 1, 10, 30))
      .map(([id, [debit, credit], amount, timeoutMs]) =>
        ledger.pending({ id, debit, credit, amount, timeoutMs }),
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        mostly('e'),
        mostly('p'),
        fc.oneof(fc.constant(undefined), fc.bigInt({ min: 1n, max: 4n }), someAmount),
      )
      .map(([id, pending, amount]) =>
        ledger.post({ id, pending, ...(amount === undefined ? {} : { amount }) }),
      ),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(mostly('e'), mostly('p'), someNotes)
      .map(([id, pending, notes]) => ledger.void({ id, pending, ...notes })),
  },
);

/** A command, sensible in this ledger or not. */
export const someCommand: fc.Arbitrary<LedgerCommand> = fc.oneof(
  { weight: 3, arbitrary: someOperation },
  {
    weight: 1,
    arbitrary: fc
      .array(someOperation, { minLength: 1, maxLength: 4 })
      .map((operations) => ledger.atomic(...operations)),
  },
);

const someStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('command' as const),
      command: someCommand,
      passedMs: fc.nat(4),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('expire' as const), passedMs: fc.nat(12) }),
  },
);

/** The accounts that random histories start with, so that most of what follows makes sense. */
export const start: LedgerCommand = ledger.atomic(
  ledger.open({ id: 'a', currency: 'EUR' }),
  ledger.open({ id: 'b', currency: 'EUR', limit: 'debits-within-credits' }),
  ledger.open({ id: 'c', currency: 'EUR', limit: 'credits-within-debits' }),
  ledger.open({ id: 'd', currency: 'USD' }),
);

/** A random history, in order. */
export const someSteps: fc.Arbitrary<readonly Step[]> = fc
  .array(someStep, { minLength: 10, maxLength: 60 })
  .map((steps) => [{ type: 'command', command: start, passedMs: 0 }, ...steps]);

/** Does a step; the result of a command. */
export function take(hosted: Hosted, step: Step): LedgerResult | undefined {
  if (step.type === 'command') return hosted.execute(step.command, step.passedMs);
  hosted.expire(step.passedMs);
  return undefined;
}
