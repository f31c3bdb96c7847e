/** What accounts and transfers do: the rules, one by one. */
import { CommandRejectedError, InvalidArgumentError, InvariantError } from '@quorate/core';
import { describe, expect, test } from 'vitest';
import {
  expectType,
  ledger,
  type LedgerCommand,
  type LedgerOperation,
  type LedgerResult,
  type LedgerVoidFields,
  ledgerMachine,
  maxAmount,
  maxCurrencies,
  maxOperations,
} from '../src/index.ts';
import type { Account } from '../src/accounts.ts';
import { Ledger } from '../src/ledger.ts';
import { balances, fund, Hosted, opened } from './harness.ts';

describe('an account', () => {
  test('is found as it was opened, with balances of zero', () => {
    const hosted = new Hosted();
    const open = ledger.open({
      id: 'cash',
      currency: 'EUR',
      code: 1000,
      limit: 'credits-within-debits',
      userData: Uint8Array.of(1, 2, 3),
    });
    const [receipt] = hosted.done(open);
    expect(hosted.query(ledger.account('cash'))).toEqual({
      type: 'account',
      account: open,
      opened: receipt,
      balances: balances(0n, 0n),
    });
  });

  test('can be opened again with the same content, and is opened once', () => {
    const hosted = opened();
    const again = ledger.open({ id: 'alice', currency: 'EUR', limit: 'debits-within-credits' });
    expect(hosted.done(again)).toEqual([{ sequence: 1, index: 1, time: 1000 }]);
    expect(hosted.status()).toMatchObject({ length: 5, accounts: 5 });
  });

  test.each([
    ledger.open({ id: 'alice', currency: 'USD', limit: 'debits-within-credits' }),
    ledger.open({ id: 'alice', currency: 'EUR' }),
    ledger.open({ id: 'alice', currency: 'EUR', limit: 'debits-within-credits', code: 1 }),
    ledger.open({
      id: 'alice',
      currency: 'EUR',
      limit: 'debits-within-credits',
      userData: new Uint8Array(1),
    }),
  ])('is not opened again with other content', (other) => {
    expect(opened().refusal(other)).toBe('exists-with-different-content');
  });

  test('keeps its user data when the bytes of the command are used for something else', () => {
    const machine = ledgerMachine();
    const userData = Uint8Array.of(7, 7);
    const open = ledger.open({ id: 'a', currency: 'EUR', userData });
    machine.apply(open, { index: 1, position: 0, time: 0 });
    userData.fill(0);
    const { account } = expectType(machine.query(ledger.account('a')), 'account');
    expect(account.userData).toEqual(Uint8Array.of(7, 7));
  });

  test('in one currency too many is refused', () => {
    const hosted = new Hosted();
    const open = (at: number): ReturnType<typeof ledger.open> =>
      ledger.open({ id: `account-${String(at)}`, currency: `C${String(at)}` });
    for (let at = 0; at < maxCurrencies; at++) hosted.done(open(at));
    expect(hosted.refusal(open(maxCurrencies))).toBe('too-many-currencies');
    hosted.done(ledger.open({ id: 'one-more', currency: 'C0' }));
    const { totals } = expectType(hosted.query(ledger.totals()), 'totals');
    expect(totals.map(({ accounts }) => accounts)).toEqual([
      2,
      ...Array<number>(maxCurrencies - 1).fill(1),
    ]);
  });
});

describe('a transfer', () => {
  test('debits one account and credits the other', () => {
    const hosted = opened();
    const [receipt] = hosted.done(fund('t1', 'alice', 500n));
    expect(hosted.balances('bank')).toEqual(balances(500n, 0n));
    expect(hosted.balances('alice')).toEqual(balances(0n, 500n));
    expect(receipt).toEqual({ sequence: 5, index: 2, time: 2000 });
    const { event, state } = expectType(hosted.query(ledger.findTransfer('t1')), 'transfer');
    expect(state).toEqual({ type: 'done' });
    expect(event).toEqual({
      type: 'moved',
      sequence: 5,
      index: 2,
      position: 0,
      time: 2000,
      operation: fund('t1', 'alice', 500n),
      debit: { account: 'bank', balances: balances(500n, 0n) },
      credit: { account: 'alice', balances: balances(0n, 500n) },
    });
  });

  test('has the same result again when it is repeated, and moves nothing more', () => {
    const hosted = opened();
    const first = hosted.execute(fund('t1', 'alice', 500n));
    hosted.done(fund('t2', 'alice', 1n));
    expect(hosted.execute(fund('t1', 'alice', 500n))).toEqual(first);
    expect(hosted.balances('alice')).toEqual(balances(0n, 501n));
  });

  test.each([
    fund('t1', 'alice', 501n),
    fund('t1', 'bob', 500n),
    ledger.transfer({ id: 't1', debit: 'alice', credit: 'bank', amount: 500n }),
    ledger.transfer({ id: 't1', debit: 'bank', credit: 'alice', amount: 500n, code: 1 }),
    ledger.pending({ id: 't1', debit: 'bank', credit: 'alice', amount: 500n }),
    ledger.void({ id: 't1', pending: 't1' }),
  ])('is refused with other content under the same id', (other) => {
    const hosted = opened();
    hosted.done(fund('t1', 'alice', 500n));
    expect(hosted.refusal(other)).toBe('exists-with-different-content');
  });

  test('that was refused may be tried again: its id is free', () => {
    const hosted = opened();
    const pay = ledger.transfer({ id: 't2', debit: 'alice', credit: 'bob', amount: 10n });
    expect(hosted.refusal(pay)).toBe('debits-would-exceed-credits');
    hosted.done(fund('t1', 'alice', 10n));
    hosted.done(pay);
  });

  test('needs two accounts, of one currency', () => {
    const hosted = opened();
    const transfer = (debit: string, credit: string): LedgerCommand =>
      ledger.transfer({ id: 't1', debit, credit, amount: 1n });
    expect(hosted.refusal(transfer('nobody', 'no-one'))).toBe('debit-account-missing');
    expect(hosted.refusal(transfer('bank', 'no-one'))).toBe('credit-account-missing');
    expect(hosted.refusal(transfer('bank', 'dollars'))).toBe('currency-mismatch');
  });

  test('may use up what a limit allows, and not one unit more', () => {
    const hosted = opened();
    hosted.done(fund('t1', 'alice', 10n));
    const pay = (id: string, amount: bigint): LedgerCommand =>
      ledger.transfer({ id, debit: 'alice', credit: 'bob', amount });
    expect(hosted.refusal(pay('t2', 11n))).toBe('debits-would-exceed-credits');
    hosted.done(pay('t2', 10n));
    expect(hosted.refusal(pay('t3', 1n))).toBe('debits-would-exceed-credits');

    const takeOut = (id: string, amount: bigint): LedgerCommand =>
      ledger.transfer({ id, debit: 'bank', credit: 'till', amount });
    hosted.done(ledger.transfer({ id: 't4', debit: 'till', credit: 'bank', amount: 10n }));
    expect(hosted.refusal(takeOut('t5', 11n))).toBe('credits-would-exceed-debits');
    hosted.done(takeOut('t5', 10n));
  });

  test('that would take the sum of a currency over 128 bits is refused', () => {
    const hosted = opened();
    hosted.done(fund('t1', 'alice', maxAmount - 3n));
    hosted.done(ledger.pending({ id: 't2', debit: 'bank', credit: 'bob', amount: 2n }));
    expect(hosted.refusal(fund('t3', 'bob', 2n))).toBe('would-overflow');
    hosted.done(fund('t3', 'bob', 1n));
    expect(hosted.refusal(fund('t4', 'bob', 1n))).toBe('would-overflow');
    hosted.done(ledger.void({ id: 't5', pending: 't2' }));
    hosted.done(fund('t4', 'bob', 1n));
    expect(hosted.balances('alice').creditsPosted).toBe(maxAmount - 3n);
  });
});

describe('an atomic command', () => {
  test('does all, each seeing what those before it did', () => {
    const hosted = new Hosted();
    const receipts = hosted.done(
      ledger.atomic(
        ledger.open({ id: 'a', currency: 'EUR' }),
        ledger.open({ id: 'b', currency: 'EUR', limit: 'debits-within-credits' }),
        ledger.transfer({ id: 't1', debit: 'a', credit: 'b', amount: 5n }),
        ledger.pending({ id: 't2', debit: 'b', credit: 'a', amount: 5n, timeoutMs: 10 }),
        ledger.post({ id: 't3', pending: 't2', amount: 2n }),
      ),
    );
    expect(receipts.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4]);
    expect(hosted.balances('b')).toEqual(balances(2n, 5n));
    expect(hosted.machine.nextExpiry()).toBeUndefined();
  });

  test('changes nothing if one operation is refused, and names it', () => {
    const hosted = opened();
    hosted.done(fund('t1', 'alice', 10n));
    hosted.done(ledger.pending({ id: 'p1', debit: 'alice', credit: 'bob', amount: 3n }));
    const hash = hosted.machine.stateHash();
    const before = hosted.status();
    const statement = hosted.query(ledger.statement());
    const result = hosted.execute(
      ledger.atomic(
        ledger.open({ id: 'carol', currency: 'CHF' }),
        ledger.transfer({ id: 't2', debit: 'alice', credit: 'bob', amount: 4n }),
        ledger.pending({ id: 'p2', debit: 'bob', credit: 'bank', amount: 1n, timeoutMs: 5 }),
        ledger.post({ id: 't3', pending: 'p1' }),
        ledger.void({ id: 't4', pending: 'p2' }),
        ledger.transfer({ id: 't5', debit: 'alice', credit: 'bob', amount: 4n }),
        ledger.transfer({ id: 't6', debit: 'bank', credit: 'bob', amount: 1n }),
      ),
    );
    expect(result).toEqual({
      type: 'refused',
      operation: 5,
      id: 't5',
      reason: 'debits-would-exceed-credits',
    });
    expect(hosted.machine.stateHash()).toBe(hash);
    expect(hosted.status()).toEqual(before);
    expect(hosted.query(ledger.statement())).toEqual(statement);
    expect(hosted.query(ledger.account('carol'))).toEqual({ type: 'missing', what: 'account' });
    expect(hosted.query(ledger.findTransfer('t2'))).toEqual({ type: 'missing', what: 'transfer' });
    expect(hosted.machine.nextExpiry()).toBeUndefined();
    // Ids and the pending transfer are free again.
    hosted.done(ledger.open({ id: 'carol', currency: 'EUR' }));
    hosted.done(ledger.void({ id: 't3', pending: 'p1' }));
    hosted.done(fund('t2', 'bob', 1n));
  });

  test('repeated has the same result again, also where a part of it was done before', () => {
    const hosted = opened();
    const [first] = hosted.done(fund('t1', 'alice', 1n));
    const both = ledger.atomic(
      fund('t1', 'alice', 1n),
      fund('t2', 'alice', 2n),
      fund('t2', 'alice', 2n),
    );
    const receipts = hosted.done(both);
    expect(receipts[0]).toEqual(first);
    expect(receipts[1]).toEqual(receipts[2]);
    expect(hosted.done(both)).toEqual(receipts);
    expect(hosted.balances('alice')).toEqual(balances(0n, 3n));
  });
});

describe('a pending transfer', () => {
  const reserve = (id: string, amount: bigint, timeoutMs = 0): LedgerCommand =>
    ledger.pending({ id, debit: 'alice', credit: 'bob', amount, timeoutMs });

  function funded(): Hosted {
    const hosted = opened();
    hosted.done(fund('t1', 'alice', 10n));
    return hosted;
  }

  test('reserves: what is pending counts against the limit, and cannot be spent by the other side', () => {
    const hosted = funded();
    hosted.done(reserve('p1', 7n));
    expect(hosted.balances('alice')).toEqual(balances(0n, 10n, 7n));
    expect(hosted.balances('bob')).toEqual(balances(0n, 0n, 0n, 7n));
    expect(hosted.refusal(reserve('p2', 4n))).toBe('debits-would-exceed-credits');
    const spend = ledger.transfer({ id: 't2', debit: 'bob', credit: 'bank', amount: 1n });
    expect(hosted.refusal(spend)).toBe('debits-would-exceed-credits');
    hosted.done(reserve('p2', 3n));
  });

  test('counts against the limit of the account that it would credit', () => {
    const hosted = opened();
    hosted.done(ledger.transfer({ id: 't1', debit: 'till', credit: 'bank', amount: 10n }));
    const takeOut = (id: string, amount: bigint): LedgerCommand =>
      ledger.pending({ id, debit: 'bank', credit: 'till', amount });
    hosted.done(takeOut('p1', 7n));
    expect(hosted.refusal(takeOut('p2', 4n))).toBe('credits-would-exceed-debits');
    hosted.done(takeOut('p2', 3n));
    hosted.done(ledger.post({ id: 't2', pending: 'p1' }));
    hosted.done(ledger.void({ id: 't3', pending: 'p2' }));
    expect(hosted.balances('till')).toEqual(balances(10n, 7n));
  });

  test('is posted as a whole', () => {
    const hosted = funded();
    hosted.done(reserve('p1', 7n));
    const [receipt] = hosted.done(ledger.post({ id: 't2', pending: 'p1' }));
    expect(hosted.balances('alice')).toEqual(balances(7n, 10n));
    expect(hosted.balances('bob')).toEqual(balances(0n, 7n));
    const { state } = expectType(hosted.query(ledger.findTransfer('p1')), 'transfer');
    expect(state).toEqual({ type: 'posted', by: 't2', sequence: receipt?.sequence });
    const post = expectType(hosted.query(ledger.findTransfer('t2')), 'transfer');
    expect(post.event.operation).toEqual(ledger.post({ id: 't2', pending: 'p1', amount: 7n }));
    // Everything, said in either way, is the same content.
    expect(hosted.done(ledger.post({ id: 't2', pending: 'p1' }))).toEqual([receipt]);
    expect(hosted.done(ledger.post({ id: 't2', pending: 'p1', amount: 7n }))).toEqual([receipt]);
  });

  test('is posted in part, and the rest is free', () => {
    const hosted = funded();
    hosted.done(reserve('p1', 7n));
    expect(hosted.refusal(ledger.post({ id: 't2', pending: 'p1', amount: 8n }))).toBe(
      'exceeds-pending',
    );
    hosted.done(ledger.post({ id: 't2', pending: 'p1', amount: 2n }));
    expect(hosted.balances('alice')).toEqual(balances(2n, 10n));
    expect(hosted.balances('bob')).toEqual(balances(0n, 2n));
    hosted.done(reserve('p2', 8n));
  });

  test('is voided', () => {
    const hosted = funded();
    hosted.done(reserve('p1', 7n));
    const [receipt] = hosted.done(ledger.void({ id: 't2', pending: 'p1' }));
    expect(hosted.balances('alice')).toEqual(balances(0n, 10n));
    expect(hosted.balances('bob')).toEqual(balances(0n, 0n));
    const { state } = expectType(hosted.query(ledger.findTransfer('p1')), 'transfer');
    expect(state).toEqual({ type: 'voided', by: 't2', sequence: receipt?.sequence });
  });

  test('ends once', () => {
    const hosted = funded();
    for (const id of ['p1', 'p2', 'p3']) hosted.done(reserve(id, 1n, id === 'p3' ? 500 : 0));
    hosted.done(ledger.post({ id: 't2', pending: 'p1' }), 0);
    hosted.done(ledger.void({ id: 't3', pending: 'p2' }), 0);
    hosted.expire(500);
    for (const type of ['post', 'void'] as const) {
      const end = (fields: LedgerVoidFields): LedgerCommand => ledger[type](fields);
      expect(hosted.refusal(end({ id: 't4', pending: 'p1' }))).toBe('already-posted');
      expect(hosted.refusal(end({ id: 't4', pending: 'p2' }))).toBe('already-voided');
      expect(hosted.refusal(end({ id: 't4', pending: 'p3' }))).toBe('already-expired');
      expect(hosted.refusal(end({ id: 't4', pending: 'p4' }))).toBe('pending-missing');
      expect(hosted.refusal(end({ id: 't4', pending: 't1' }))).toBe('not-pending');
      expect(hosted.refusal(end({ id: 't4', pending: 't2' }))).toBe('not-pending');
    }
  });

  test('expires by the time of the log, with an event of its own', () => {
    const hosted = funded();
    const [receipt] = hosted.done(reserve('p1', 7n, 500));
    const at = (receipt?.time ?? 0) + 500;
    expect(hosted.machine.nextExpiry()).toBe(at);
    hosted.expire(499);
    expect(hosted.balances('alice')).toEqual(balances(0n, 10n, 7n));
    hosted.expire(1);
    expect(hosted.balances('alice')).toEqual(balances(0n, 10n));
    expect(hosted.machine.nextExpiry()).toBeUndefined();
    const { state } = expectType(hosted.query(ledger.findTransfer('p1')), 'transfer');
    expect(state).toEqual({ type: 'expired', sequence: hosted.status().length - 1 });
    const { entries } = expectType(hosted.query(ledger.history('bob')), 'history');
    expect(entries.map(({ event }) => event.operation.type)).toEqual(['pending', 'expire']);
    expect(entries[1]?.event.time).toBe(at);
  });

  test('whose time is over cannot be posted, although its event is yet to come; it still counts', () => {
    const hosted = funded();
    hosted.done(reserve('p1', 7n, 500));
    const before = hosted.machine.stateHash();
    expect(hosted.refusal(ledger.post({ id: 't2', pending: 'p1' }), 500)).toBe('already-expired');
    expect(hosted.machine.stateHash()).toBe(before);
    expect(hosted.refusal(reserve('p2', 4n))).toBe('debits-would-exceed-credits');
    hosted.expire(0);
    hosted.done(reserve('p2', 4n));
  });

  test('that was posted or voided does not expire', () => {
    const hosted = funded();
    hosted.done(reserve('p1', 1n, 100), 0);
    hosted.done(reserve('p2', 1n, 50), 0);
    hosted.done(reserve('p3', 1n, 70), 0);
    hosted.done(ledger.post({ id: 't2', pending: 'p2' }), 0);
    expect(hosted.machine.nextExpiry()).toBe(hosted.time + 70);
    hosted.done(ledger.void({ id: 't3', pending: 'p3' }), 0);
    expect(hosted.machine.nextExpiry()).toBe(hosted.time + 100);
    hosted.expire(1000);
    expect(hosted.balances('alice')).toEqual(balances(1n, 10n));
    expect(hosted.machine.nextExpiry()).toBeUndefined();
  });

  test('expires with many others in several goes, the earliest first', () => {
    const hosted = opened();
    hosted.done(fund('t1', 'alice', 5000n));
    for (let at = 0; at < 1500; at++) hosted.done(reserve(`p${String(at)}`, 1n, 5000 - at), 0);
    hosted.expire(5000);
    expect(hosted.status().pending).toBe(1500 - 1024);
    expect(hosted.machine.nextExpiry()).toBe(2000 + 5000 - (1500 - 1025));
    hosted.expire(0);
    expect(hosted.status().pending).toBe(0);
    expect(hosted.balances('alice')).toEqual(balances(0n, 5000n));
  });
});

describe('a ledger that is full', () => {
  /** A ledger with room for so many events besides the opening of `a` and `b`. */
  function small(room: number): (operation: LedgerOperation) => string {
    const books = new Ledger(2 + room);
    let index = 0;
    const apply = (operation: LedgerOperation): string => {
      index += 1;
      const result = books.apply([operation], { index, position: 0, time: index });
      if (operation.type === 'void') {
        index += 100;
        books.expire({ index, position: 0, time: index });
      }
      const { journal, pending } = books.state;
      expect(journal.length + pending).toBeLessThanOrEqual(2 + room);
      return result.type === 'applied' ? 'applied' : result.reason;
    };
    for (const id of ['a', 'b']) apply(ledger.open({ id, currency: 'EUR' }));
    return apply;
  }
  const reserve = (id: string, timeoutMs = 0): LedgerOperation =>
    ledger.pending({ id, debit: 'a', credit: 'b', amount: 1n, timeoutMs });
  const transfer = ledger.transfer({ id: 't', debit: 'a', credit: 'b', amount: 1n });

  test('refuses what is new, and ends everything that is pending', () => {
    const apply = small(6);
    for (const id of ['p1', 'p2']) expect(apply(reserve(id))).toBe('applied');
    expect(apply(reserve('p3', 10))).toBe('applied');
    for (const operation of [reserve('p4'), transfer, ledger.open({ id: 'c', currency: 'EUR' })]) {
      expect(apply(operation)).toBe('ledger-full');
    }
    expect(apply(ledger.post({ id: 'e1', pending: 'p1' }))).toBe('applied');
    // With this one the third expires.
    expect(apply(ledger.void({ id: 'e2', pending: 'p2' }))).toBe('applied');
    expect(apply(ledger.void({ id: 'e3', pending: 'p3' }))).toBe('already-expired');
    expect(apply(transfer)).toBe('ledger-full');
  });

  test('has room for a transfer where it has none for one that has to end', () => {
    const apply = small(1);
    expect(apply(reserve('p1'))).toBe('ledger-full');
    expect(apply(transfer)).toBe('applied');
    expect(apply(transfer)).toBe('applied');
  });
});

describe('what makes no sense', () => {
  const long = 'x'.repeat(65);
  const wrong: readonly (readonly [string, string, LedgerCommand])[] = [
    ['an empty id', 'an id is 1 to 64', ledger.open({ id: '', currency: 'EUR' })],
    ['a long id', 'an id is 1 to 64', ledger.open({ id: long, currency: 'EUR' })],
    ['an id with a space', 'printable ASCII', ledger.open({ id: 'a b', currency: 'EUR' })],
    ['an id beyond ASCII', 'printable ASCII', ledger.open({ id: 'ä', currency: 'EUR' })],
    ['no currency', 'a currency is 1 to 16', ledger.open({ id: 'a', currency: '' })],
    ['a code too large', 'a code is', ledger.open({ id: 'a', currency: 'EUR', code: 65536 })],
    ['a broken code', 'a code is', ledger.open({ id: 'a', currency: 'EUR', code: 0.5 })],
    [
      'much user data',
      'maxUserDataBytes',
      ledger.open({ id: 'a', currency: 'EUR', userData: new Uint8Array(129) }),
    ],
    ['nothing to move', 'an amount is from 1', fund('t', 'a', 0n)],
    ['a negative amount', 'an amount is from 1', fund('t', 'a', -1n)],
    ['an amount over 128 bits', 'an amount is from 1', fund('t', 'a', maxAmount + 1n)],
    ['one account', 'debits and credits one account', fund('t', 'bank', 1n)],
    ['an account without id', 'the id of an account', fund('t', '', 1n)],
    [
      'a negative timeout',
      'a timeout is',
      ledger.pending({ id: 't', debit: 'a', credit: 'b', amount: 1n, timeoutMs: -1 }),
    ],
    [
      'an endless timeout',
      'a timeout is',
      ledger.pending({ id: 't', debit: 'a', credit: 'b', amount: 1n, timeoutMs: 2 ** 41 }),
    ],
    [
      'a post of nothing',
      'an amount is from 1',
      ledger.post({ id: 't', pending: 'p', amount: 0n }),
    ],
    ['a negative post', 'an amount is from 1', ledger.post({ id: 't', pending: 'p', amount: -1n })],
    ['a void of nothing', 'the id of a pending', ledger.void({ id: 't', pending: '' })],
    ['no operation', '1 to 256', ledger.atomic()],
    [
      'too many operations',
      '1 to 256',
      ledger.atomic(...Array.from({ length: maxOperations + 1 }, () => fund('t', 'a', 1n))),
    ],
    [
      'one wrong operation of many',
      'operation 1: an amount',
      ledger.atomic(fund('t', 'a', 1n), fund('u', 'a', 0n)),
    ],
  ];

  test.each(wrong)('%s: is rejected and changes nothing', (_, problem, command) => {
    const { machine } = opened();
    const hash = machine.stateHash();
    expect(() => machine.apply(command, { index: 9, position: 0, time: 9000 })).toThrow(
      CommandRejectedError,
    );
    expect(() => machine.apply(command, { index: 9, position: 0, time: 9000 })).toThrow(problem);
    expect(machine.stateHash()).toBe(hash);
  });

  test.each([
    ledger.account(''),
    ledger.account('a', { index: -1 }),
    ledger.history('a', { limit: 0 }),
    ledger.history('a', { limit: 1001 }),
    ledger.history('a', { cursor: -1 }),
    ledger.history('a', { from: 0.5 }),
    ledger.statement({ limit: 2000 }),
    ledger.findTransfer(''),
    ledger.records(-1),
    ledger.inclusion(''),
    ledger.inclusion(-1),
    ledger.consistency(1, Infinity),
  ])('a query like that is refused', (query) => {
    expect(() => opened().machine.query(query)).toThrow(InvalidArgumentError);
  });

  test('a log that goes backwards stops the machine', () => {
    const { machine } = opened();
    const command = fund('t1', 'alice', 1n);
    expect(() => machine.apply(command, { index: 0, position: 0, time: 1000 })).toThrow(
      InvariantError,
    );
    expect(() => machine.apply(command, { index: 1, position: 0, time: 999 })).toThrow(
      InvariantError,
    );
    expect(() => machine.expire({ index: 1, position: 0, time: 999 })).toThrow(InvariantError);
  });

  test('books that do not balance stop the machine', () => {
    const broken: readonly (readonly [string, (account: Account) => void])[] = [
      ['debits equal credits', ({ currency }) => (currency.balances = balances(1n, 0n))],
      ['debits equal credits', ({ currency }) => (currency.balances = balances(0n, 0n, 0n, 1n))],
      ['an account keeps its limit', (account) => (account.balances = balances(9n, 1n))],
      ['no more is released', (account) => (account.balances = balances(0n, 5n, -1n))],
    ];
    for (const [statement, corrupt] of broken) {
      const books = new Ledger();
      const apply = (index: number, ...operations: readonly LedgerOperation[]): LedgerResult =>
        books.apply(operations, { index, position: 0, time: 0 });
      apply(
        1,
        ledger.open({ id: 'bank', currency: 'EUR' }),
        ledger.open({ id: 'alice', currency: 'EUR', limit: 'debits-within-credits' }),
      );
      const alice = books.state.accounts.get('alice');
      if (alice !== undefined) corrupt(alice);
      expect(() => apply(2, fund('t1', 'alice', 1n))).toThrow(
        new RegExp(`invariant.*${statement}`),
      );
    }
  });

  test('expectType says what it got in place of what was expected', () => {
    const hosted = opened();
    const refused = hosted.execute(fund('t1', 'nobody', 1n));
    expect(() => expectType(refused, 'applied')).toThrow(
      "expected 'applied', got 'refused' (credit-account-missing)",
    );
    expect(() => expectType(hosted.query(ledger.account('nobody')), 'account')).toThrow(
      "got 'missing' (account)",
    );
  });
});
