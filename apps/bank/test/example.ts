import { formatAmount, openBank, perform, startNode } from '@quorate/bank';
import { expectType, ledger } from '@quorate/machine-ledger';

// A group of one. For three nodes, name three members, and start each of them like this.
const node = await startNode({
  node: 'n1',
  cluster: 'example',
  data: './example-data',
  members: [{ id: 'n1', address: '127.0.0.1:17611' }],
  client: '127.0.0.1:17601',
  algorithm: 'raft',
  storage: 'file',
});

const bank = openBank({ endpoints: [node.client], timeoutMs: 10_000 });
const within = { currency: 'EUR', limit: 'debits-within-credits' } as const;
await perform(bank, ledger.open({ id: 'vault', currency: 'EUR' }));
await perform(bank, ledger.open({ id: 'alice', ...within }));
await perform(bank, ledger.open({ id: 'shop', ...within }));
await perform(
  bank,
  ledger.transfer({ id: 'deposit', debit: 'vault', credit: 'alice', amount: 100_00n }),
);

const pay = ledger.transfer({ id: 'order-1', debit: 'alice', credit: 'shop', amount: 30_00n });
const first = await perform(bank, pay);
const again = await perform(bank, pay); // happens once
console.log(first.sequence === again.sequence);

const tooMuch = ledger.transfer({ id: 'order-2', debit: 'alice', credit: 'shop', amount: 80_00n });
console.log(await perform(bank, tooMuch).catch((error: unknown) => String(error).slice(0, 55)));

const { balances } = expectType(await bank.query(ledger.account('alice')), 'account');
console.log(formatAmount(balances.creditsPosted - balances.debitsPosted));

await bank.close();
await node.close();
