/** The ledger passes the suite that every machine must pass. */
import { machineSuite } from '@quorate/conformance/machine';
import { ByteWriter, type Random } from '@quorate/core';
import { describe, it } from 'vitest';
import {
  ledger,
  type LedgerCommand,
  ledgerMachine,
  type LedgerOperation,
  type LedgerQuery,
  maxAmount,
} from '../src/index.ts';
import { writeOperation } from '../src/operation-codec.ts';
import { transferIds } from './harness.ts';

const accounts = ['a', 'b', 'c', 'd'];
const currencies = ['EUR', 'EUR', 'EUR', 'USD'];
const limits = ['none', 'none', 'debits-within-credits', 'credits-within-debits'] as const;

machineSuite({
  framework: { describe, it },
  name: 'machine-ledger',
  create: ledgerMachine,
  command: (random): LedgerCommand =>
    random.chance(0.7)
      ? operation(random)
      : ledger.atomic(...Array.from({ length: 1 + random.below(4) }, () => operation(random))),
  query,
  badCommand: (random) => {
    const single = new ByteWriter().u8(1);
    random.pick([
      // Nothing to move, one account on both sides, an endless timeout, an empty command, an expiry, an unknown type.
      () =>
        writeOperation(ledger.transfer({ id: 't', debit: 'a', credit: 'b', amount: 0n }), single),
      () =>
        writeOperation(ledger.transfer({ id: 't', debit: 'a', credit: 'a', amount: 1n }), single),
      () =>
        writeOperation(
          ledger.pending({ id: 't', debit: 'a', credit: 'b', amount: 1n, timeoutMs: 2 ** 47 }),
          single,
        ),
      () => void single.u8(2).u32(0),
      () => writeOperation({ type: 'expire', pending: 'p0' }, single),
      () => void single.u8(7 + random.below(200)),
    ])();
    return single.take();
  },
  grow: (nth) =>
    ledger.open({ id: `grown-${String(nth)}`, currency: 'EUR', userData: new Uint8Array(128) }),
  without: ['renewal'],
  histories: 2,
  commands: 80,
});

function operation(random: Random): LedgerOperation {
  const kind = random.below(12);
  const id = (letter: string): string =>
    random.chance(0.9) ? letter + String(random.below(4)) : random.pick(transferIds);
  const debit = random.pick(accounts);
  const credit = random.pick(accounts.filter((account) => account !== debit));
  const amount = random.chance(0.95) ? BigInt(1 + random.below(9)) : maxAmount;
  if (kind < 3) {
    const at = random.below(accounts.length);
    return ledger.open({
      id: accounts[at] ?? '',
      currency: currencies[at] ?? '',
      limit: limits[at] ?? 'none',
      code: random.below(20) === 0 ? 1 : 0,
      userData: new Uint8Array(at),
    });
  }
  if (kind < 6) return ledger.transfer({ id: id('t'), debit, credit, amount });
  if (kind < 9) {
    const timeoutMs = random.pick([0, 1, 50, 30_000]);
    return ledger.pending({ id: id('p'), debit, credit, amount, timeoutMs });
  }
  if (kind === 9) return ledger.void({ id: id('e'), pending: id('p') });
  const part = random.below(4);
  return ledger.post({
    id: id('e'),
    pending: id('p'),
    ...(part === 0 ? {} : { amount: BigInt(part) }),
  });
}

function query(random: Random): LedgerQuery {
  const account = random.pick([...accounts, 'nobody']);
  const limit = 1 + random.below(5);
  return random.pick<LedgerQuery>([
    ledger.account(account, { index: random.below(60) }),
    ledger.findTransfer(random.pick(transferIds)),
    ledger.history(account, { limit, reverse: random.chance(0.5) }),
    ledger.history(account, { limit, cursor: random.below(30) }),
    ledger.statement({ limit, cursor: random.below(4), index: random.below(60) }),
    ledger.totals(),
    ledger.status(),
    ledger.records(random.below(60), limit),
    ledger.inclusion(random.below(60)),
    ledger.consistency(random.below(30)),
  ]);
}
