/**
 * Makes payments, several at a time, and keeps what the bank acknowledged of each: the list that the audit
 * compares with the books.
 */
import type { LedgerOperation, LedgerReceipt } from '@quorate/machine-ledger';
import { codeOf } from '@quorate/program';
import type { Executes } from '../bank.ts';
import { bankError } from '../errors.ts';
import type { Payment } from './payments.ts';

/** An operation that the bank says it has done. */
export interface Acknowledged {
  readonly operation: LedgerOperation;
  readonly receipt: LedgerReceipt;
}

/** After these, the same is asked again: its id makes it happen once. */
const passing: ReadonlySet<string> = new Set(['OUTCOME_UNKNOWN', 'UNAVAILABLE', 'SESSION_EXPIRED']);

/** Tries of one operation, each as long as the client's own deadline. */
const mostTries = 5;

/** Whoever makes the payments. */
export class Teller {
  readonly acknowledged: Acknowledged[] = [];
  /** Payments that are through, whatever became of them. */
  done = 0;
  refused = 0;
  /** Operations that had to be asked for again because nobody knew what became of them. */
  repeated = 0;
  readonly #bank: Executes;
  readonly #waiting: { readonly done: number; readonly go: () => void }[] = [];

  constructor(bank: Executes) {
    this.#bank = bank;
  }

  /** Resolves when so many payments are through. */
  reached(done: number): Promise<void> {
    if (this.done >= done) return Promise.resolve();
    return new Promise((go) => {
      this.#waiting.push({ done, go });
    });
  }

  /** Does operations all at once. @throws BankError if they are refused. */
  async open(operations: readonly LedgerOperation[]): Promise<void> {
    const refused = await this.#perform(operations);
    if (refused) throw bankError('DEMO_FAILED', 'the bank refused to open the accounts');
  }

  /** Makes payments, so many at a time. */
  async makeAll(payments: readonly Payment[], concurrency: number): Promise<void> {
    const rest = payments.values();
    const work = async (): Promise<void> => {
      for (const payment of rest) await this.#make(payment);
    };
    await Promise.all(Array.from({ length: concurrency }, work));
  }

  async #make(payment: Payment): Promise<void> {
    for (const operation of payment) {
      if (!(await this.#perform([operation]))) continue;
      this.refused += 1;
      break;
    }
    this.done += 1;
    for (const { done, go } of this.#waiting) if (done === this.done) go();
  }

  /** @returns whether it was refused. */
  async #perform(operations: readonly LedgerOperation[]): Promise<boolean> {
    const [only, ...more] = operations;
    if (only === undefined) return false;
    const command = more.length === 0 ? only : ({ type: 'atomic', operations } as const);
    for (let tries = 1; ; tries++) {
      try {
        const result = await this.#bank.execute(command);
        if (result.type === 'refused') return true;
        operations.forEach((operation, at) => {
          const receipt = result.receipts[at];
          if (receipt === undefined) throw bankError('DEMO_FAILED', `no receipt: ${operation.id}`);
          this.acknowledged.push({ operation, receipt });
        });
        return false;
      } catch (error) {
        if (!passing.has(codeOf(error)) || tries === mostTries) throw error;
        this.repeated += 1;
      }
    }
  }
}
