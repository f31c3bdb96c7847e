/** Random histories, against a model that adds everything up from the start. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  expectType,
  ledger,
  type LedgerHistoryEntry,
  type LedgerReason,
  ledgerReasons,
  type LedgerStatementLine,
} from '../src/index.ts';
import { Hosted, someSteps, type Step, take, transferIds } from './harness.ts';
import { NaiveLedger } from './model.ts';

/** Runs both, looking after every step. */
function run(
  steps: readonly Step[],
  look: (hosted: Hosted, model: NaiveLedger) => void = () => undefined,
): { readonly hosted: Hosted; readonly model: NaiveLedger } {
  const hosted = new Hosted();
  const model = new NaiveLedger();
  for (const step of steps) {
    const result = take(hosted, step);
    if (step.type === 'expire') model.expire(hosted.index, hosted.time);
    else expect(result).toEqual(model.execute(step.command, hosted.index, hosted.time));
    look(hosted, model);
  }
  return { hosted, model };
}

function pages<T>(
  read: (cursor: number | undefined) => { items: readonly T[]; cursor?: number },
): T[] {
  const all: T[] = [];
  let cursor: number | undefined;
  do {
    const page = read(cursor);
    all.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return all;
}

describe('a random history', () => {
  test('has the results and the balances of the model, and sums of zero, after every step', () => {
    fc.assert(
      fc.property(someSteps, (steps) => {
        run(steps, (hosted, model) => {
          for (const { id } of model.accounts()) {
            expect(hosted.balances(id)).toEqual(model.balances(id));
          }
          const { totals } = expectType(hosted.query(ledger.totals()), 'totals');
          for (const { currency, accounts, balances } of totals) {
            expect(balances).toEqual(model.totals(currency));
            expect(balances.debitsPosted).toBe(balances.creditsPosted);
            expect(balances.debitsPending).toBe(balances.creditsPending);
            expect(accounts).toBe(
              model.accounts().filter((account) => account.currency === currency).length,
            );
          }
          const { length, pending } = hosted.status();
          expect(length).toBe(model.lines.length);
          expect(pending).toBe(model.pendings().length);
          const times = model
            .pendings()
            .flatMap(({ expiresAt }) => (expiresAt === 0 ? [] : [expiresAt]));
          expect(hosted.machine.nextExpiry()).toBe(
            times.length === 0 ? undefined : Math.min(...times),
          );
        });
      }),
      { numRuns: 60 },
    );
  });

  test('meets every reason for a refusal that does not need a very large ledger', () => {
    const met = new Set<string>();
    for (const steps of fc.sample(someSteps, { seed: 1, numRuns: 150 })) {
      const hosted = new Hosted();
      for (const step of steps) {
        const result = take(hosted, step);
        if (result?.type === 'refused') met.add(result.reason);
      }
    }
    const rare: readonly LedgerReason[] = ['too-many-currencies', 'ledger-full'];
    expect([...met].sort()).toEqual(ledgerReasons.filter((it) => !rare.includes(it)).sort());
  });

  test('can be read as of every index', () => {
    fc.assert(
      fc.property(someSteps, fc.integer({ min: 1, max: 4 }), (steps, limit) => {
        const { hosted, model } = run(steps);
        for (let index = 1; index <= hosted.index; index++) {
          const then = model.lines.filter((line) => line.index <= index);
          const there = then.flatMap(({ operation }) =>
            operation?.type === 'open' ? [operation] : [],
          );
          const lines = pages<LedgerStatementLine>((cursor = 0) => {
            const answer = expectType(
              hosted.query(ledger.statement({ index, limit, cursor })),
              'statement',
            );
            expect(answer.lines.length).toBeLessThanOrEqual(limit);
            return { ...answer, items: answer.lines };
          });
          expect(lines).toEqual(
            there.map(({ id, currency }) => ({
              account: id,
              currency,
              balances: model.balances(id, index),
            })),
          );
          for (const { id } of model.accounts()) {
            const answer = hosted.query(ledger.account(id, { index }));
            if (there.some((account) => account.id === id)) {
              expect(answer).toMatchObject({ balances: model.balances(id, index) });
            } else {
              expect(answer).toEqual({ type: 'missing', what: 'account' });
            }
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test('can be paged by account and time, both ways, without a gap', () => {
    const someTime = fc.nat(200);
    fc.assert(
      fc.property(
        someSteps,
        fc.record({
          from: someTime,
          to: someTime,
          limit: fc.integer({ min: 1, max: 5 }),
          reverse: fc.boolean(),
        }),
        (steps, options) => {
          const { hosted, model } = run(steps);
          for (const { id } of model.accounts()) {
            const entries = pages<LedgerHistoryEntry>((cursor) => {
              const answer = expectType(
                hosted.query(
                  ledger.history(id, { ...options, ...(cursor === undefined ? {} : { cursor }) }),
                ),
                'history',
              );
              expect(answer.entries.length).toBeLessThanOrEqual(options.limit);
              return { ...answer, items: answer.entries };
            });
            const expected = model.history(id).filter((sequence) => {
              const time = model.lines[sequence]?.time ?? -1;
              return time >= options.from && time <= options.to;
            });
            if (options.reverse) expected.reverse();
            expect(entries.map(({ event }) => event.sequence)).toEqual(expected);
            for (const { side, event } of entries) {
              const line = model.lines[event.sequence];
              expect(event[side].account).toBe(id);
              expect({ debit: event.debit.account, credit: event.credit.account }).toEqual({
                debit: line?.debit,
                credit: line?.credit,
              });
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  test('leaves the state of every transfer as in the model', () => {
    fc.assert(
      fc.property(someSteps, (steps) => {
        const { hosted, model } = run(steps);
        for (const id of transferIds) {
          const answer = hosted.query(ledger.findTransfer(id));
          const line = model.lines.find(
            ({ operation }) => operation?.type !== 'open' && operation?.id === id,
          );
          if (line === undefined) {
            expect(answer).toEqual({ type: 'missing', what: 'transfer' });
            continue;
          }
          const { event, state } = expectType(answer, 'transfer');
          expect(event.operation).toEqual(line.operation);
          const expected =
            line.operation?.type === 'pending' ? (model.ending(id) ?? 'pending') : 'done';
          expect(state.type).toBe(expected);
        }
      }),
      { numRuns: 60 },
    );
  });
});
