/**
 * `quorate-bank transfer`, `pend`, `post` and `void`: what moves money.
 *
 * Each has an id, and happens once for it however often it is said. Whoever does not know whether it got
 * through says it again with the same one.
 */
import { randomUUID } from 'node:crypto';
import { ledger, type LedgerOperation } from '@quorate/machine-ledger';
import { writeJson, writeLine } from '@quorate/program';
import { parsed, positive } from '@quorate/program/command-line';
import type { Command } from 'commander';
import { parseAmount } from '../amounts.ts';
import { perform } from '../bank.ts';
import { type BankFlags, withBank, withBankFlags } from './options.ts';

interface TransferFlags extends BankFlags {
  readonly id?: string;
}

interface PendFlags extends TransferFlags {
  readonly expiresAfter?: number;
}

const amountArgument = ['<amount>', 'such as 12.34', parsed(parseAmount)] as const;

export function addTransfer(program: Command): void {
  const command = program
    .command('transfer')
    .description('move an amount from the account to debit to the one to credit')
    .argument('<debit>', 'account to debit')
    .argument('<credit>', 'account to credit')
    .argument(...amountArgument);
  withTransferFlags(command).action(
    async (debit: string, credit: string, amount: bigint, flags: TransferFlags) => {
      await move(flags, (id) => ledger.transfer({ id, debit, credit, amount }));
    },
  );
}

export function addPend(program: Command): void {
  const command = program
    .command('pend')
    .description('reserve an amount, to be posted or voided later')
    .argument('<debit>', 'account to debit')
    .argument('<credit>', 'account to credit')
    .argument(...amountArgument)
    .option('--expires-after <seconds>', 'release it by itself then', parsed(positive));
  withTransferFlags(command).action(
    async (debit: string, credit: string, amount: bigint, flags: PendFlags) => {
      const timeoutMs = (flags.expiresAfter ?? 0) * 1000;
      await move(flags, (id) => ledger.pending({ id, debit, credit, amount, timeoutMs }));
    },
  );
}

export function addPost(program: Command): void {
  const command = program
    .command('post')
    .description('move what was reserved, or a part of it, and release the rest')
    .argument('<pending>', 'id of what was reserved')
    .argument('[amount]', 'a part, such as 12.34; without it all', parsed(parseAmount));
  withTransferFlags(command).action(
    async (pending: string, amount: bigint | undefined, flags: TransferFlags) => {
      const part = amount === undefined ? {} : { amount };
      await move(flags, (id) => ledger.post({ id, pending, ...part }));
    },
  );
}

export function addVoid(program: Command): void {
  const command = program
    .command('void')
    .description('release what was reserved')
    .argument('<pending>', 'id of what was reserved');
  withTransferFlags(command).action(async (pending: string, flags: TransferFlags) => {
    await move(flags, (id) => ledger.void({ id, pending }));
  });
}

function withTransferFlags(command: Command): Command {
  return withBankFlags(
    command.option(
      '--id <id>',
      'happens once for it, however often it is said (default: a new one)',
    ),
  );
}

async function move(flags: TransferFlags, make: (id: string) => LedgerOperation): Promise<void> {
  const operation = make(flags.id ?? randomUUID());
  const { sequence, index, time } = await withBank(flags, (bank) => perform(bank, operation));
  const { type, id } = operation;
  if (flags.json) await writeJson({ id, sequence, index, time });
  else await writeLine(`${type} ${id}: event ${String(sequence)}, at index ${String(index)}`);
}
