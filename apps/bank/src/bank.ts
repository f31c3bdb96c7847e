/**
 * A bank as its commands and the demo see it: a client of its nodes, and what it says as results or errors.
 */
import { type Client, connect, type Refusal } from '@quorate/client';
import type { TlsTrust } from '@quorate/connections/node';
import {
  type LedgerAnswer,
  type LedgerCommand,
  ledgerMachine,
  type LedgerOperation,
  type LedgerQuery,
  type LedgerReceipt,
  type LedgerResult,
} from '@quorate/machine-ledger';
import { codeOf } from '@quorate/program';
import { clientLinks } from '@quorate/program/node';
import { bankError } from './errors.ts';
import { refusal } from './refusals.ts';

/** A client of a bank. */
export type Bank = Client<LedgerCommand, LedgerResult, LedgerQuery, LedgerAnswer>;

/** The part of a client that does commands. */
export type Executes = Pick<Bank, 'execute'>;

/** Which nodes to talk to. */
export interface BankOptions {
  /** `host:port` of each. */
  readonly endpoints: readonly string[];
  /** How long a call goes on trying. */
  readonly timeoutMs: number;
  /** Whom to trust, and what to show. @default plain text */
  readonly tls?: TlsTrust;
  /** What the nodes let this client in by. */
  readonly token?: string;
  /** Told when no node will have this client. @default nobody */
  readonly onRefused?: (refusal: Refusal) => void;
}

/**
 * Connects with a bank; to be closed.
 *
 * @throws BankError with the code INSECURE if the token could be read on its way.
 * @throws InvalidArgumentError for certificates that cannot work.
 */
export function openBank({ tls, ...options }: BankOptions): Bank {
  return connect({ machine: ledgerMachine(), links: clientLinks({ tls, ...options }), ...options });
}

/**
 * Does one operation.
 *
 * @throws BankError with the code REFUSED, or OUTCOME_UNKNOWN with what to do then.
 * @throws QuorateError of the client: UNAVAILABLE, INVALID_ARGUMENT, …
 */
export async function perform(bank: Executes, operation: LedgerOperation): Promise<LedgerReceipt> {
  const result = await bank.execute(operation).catch((cause: unknown) => {
    if (codeOf(cause) !== 'OUTCOME_UNKNOWN') throw cause;
    const same = operation.type === 'open' ? '' : ` with --id ${operation.id}`;
    throw bankError(
      'OUTCOME_UNKNOWN',
      `nobody answered in time, and it may have been done; run the same command again${same}: it is done once`,
      { cause },
    );
  });
  if (result.type === 'refused') throw refusal(result);
  const [receipt] = result.receipts;
  if (receipt === undefined) throw bankError('UNKNOWN', 'the bank gave no receipt');
  return receipt;
}
