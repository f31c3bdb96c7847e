/** What a demo's audit finds where something does not hold, and how the teller comes to what it knows. */
import { join } from 'node:path';
import { OutcomeUnknownError } from '@quorate/core';
import { cleanUp, temporaryFolder } from '@quorate/harness';
import { ledger, type LedgerResult } from '@quorate/machine-ledger';
import { afterEach, describe, expect, it } from 'vitest';
import { type Bank, openBank, perform } from '../src/bank.ts';
import { audit, type Finding } from '../src/demo/audit.ts';
import type { PlannedNode } from '../src/demo/plan.ts';
import { type Acknowledged, Teller } from '../src/demo/teller.ts';
import { type RunningNode, startNode } from '../src/node/node.ts';
import { single } from './single.ts';

const open = ['vault', 'alice'].map((id) => ledger.open({ id, currency: 'EUR' }));
const pay = ledger.transfer({ id: 'pay', debit: 'vault', credit: 'alice', amount: 5n });
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await cleanUp();
});

describe('the audit', () => {
  it('finds what was acknowledged and is not there, there and not acknowledged, or elsewhere', async () => {
    const { bank, node } = await serve();
    const teller = new Teller(bank);
    await teller.open([...open, pay]);
    const { acknowledged } = teller;
    const [first, second, third] = acknowledged;
    if (first === undefined || second === undefined || third === undefined) throw new Error('few');
    const found = (list: readonly Acknowledged[]): Promise<string> => verdicts(bank, [node], list);
    // In the order of the findings: operations, sums, balances, heads, export.
    expect(await found(acknowledged)).toBe('yes yes yes yes yes');
    expect(await found([first, second])).toBe('no yes no yes yes');
    const another = {
      operation: { ...pay, id: 'other' },
      receipt: { ...third.receipt, sequence: 3 },
    };
    expect(await found([...acknowledged, another])).toBe('no yes no yes yes');
    const moved = { ...third, receipt: { ...third.receipt, sequence: 1 } };
    expect(await found([first, second, moved])).toBe('no yes yes yes yes');
    const less = { ...third, operation: { ...pay, amount: 4n } };
    expect(await found([first, second, less])).toBe('yes yes no yes yes');
  });

  it('finds a node that has another history', async () => {
    const { bank, node } = await serve();
    const teller = new Teller(bank);
    await teller.open([...open, pay]);
    const other = await serve();
    await new Teller(other.bank).open([...open, { ...pay, amount: 6n }]);
    const nodes = [node, other.node];
    expect(await verdicts(bank, nodes, teller.acknowledged)).toBe('yes yes yes no yes');
  });
});

describe('what may have been done', () => {
  const lost = (): Promise<LedgerResult> => Promise.reject(new OutcomeUnknownError('no answer'));

  it('is told with the id to ask again with', async () => {
    const unknown = {
      code: 'OUTCOME_UNKNOWN',
      message: expect.stringMatching(/--id pay:/) as string,
    };
    await expect(perform({ execute: lost }, pay)).rejects.toMatchObject(unknown);
  });

  it('is asked for again by the teller, not for ever', async () => {
    let calls = 0;
    const receipt = { sequence: 0, index: 1, time: 1 };
    const execute = (): Promise<LedgerResult> =>
      ++calls < 3 ? lost() : Promise.resolve({ type: 'applied', receipts: [receipt] });
    const teller = new Teller({ execute });
    await teller.makeAll([[pay]], 1);
    expect([teller.done, teller.repeated]).toEqual([1, 2]);
    expect(teller.acknowledged).toEqual([{ operation: pay, receipt }]);
    const patient = new Teller({ execute: lost }).makeAll([[pay]], 1);
    await expect(patient).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  });
});

async function serve(): Promise<{ readonly bank: Bank; readonly node: PlannedNode }> {
  const running: RunningNode = await startNode(await single('memory'));
  closing.push(() => running.close());
  const bank = openBank({ endpoints: [running.client], timeoutMs: 10_000 });
  closing.push(() => bank.close());
  return { bank, node: { node: running.config.node, client: running.client, peer: '', args: [] } };
}

async function verdicts(
  bank: Bank,
  nodes: readonly PlannedNode[],
  acknowledged: readonly Acknowledged[],
): Promise<string> {
  const exportFile = join(await temporaryFolder(), 'export');
  const findings: readonly Finding[] = await audit({ bank, nodes, acknowledged, exportFile });
  return findings.map(({ holds }) => (holds ? 'yes' : 'no')).join(' ');
}
