/**
 * A ledger as naive as can be: one array of what happened, and everything else added up from it whenever
 * it is asked for. It shares no code with the real one.
 */
import type {
  LedgerBalances,
  LedgerCommand,
  LedgerOpen,
  LedgerOperation,
  LedgerReason,
  LedgerResult,
} from '../src/index.ts';

interface Line {
  readonly index: number;
  readonly time: number;
  /** As it was ordered, but with the whole amount in a post of everything; an expiry has none. */
  readonly operation: LedgerOperation | undefined;
  readonly debit: string;
  readonly credit: string;
  readonly posted: bigint;
  readonly pending: bigint;
  /** Id of the pending transfer that it ends, and how. */
  readonly ends?: readonly [string, 'posted' | 'voided' | 'expired'];
}

const most = 340282366920938463463374607431768211455n;

export class NaiveLedger {
  lines: readonly Line[] = [];

  execute(command: LedgerCommand, index: number, time: number): LedgerResult {
    const before = this.lines;
    const operations = command.type === 'atomic' ? command.operations : [command];
    const sequences: number[] = [];
    for (const [at, operation] of operations.entries()) {
      const outcome = this.#operate(operation, index, time);
      if (typeof outcome === 'string') {
        this.lines = before;
        return { type: 'refused', operation: at, id: operation.id, reason: outcome };
      }
      sequences.push(outcome);
    }
    const receipts = sequences.map((sequence) => {
      const line = this.lines[sequence];
      return { sequence, index: line?.index ?? -1, time: line?.time ?? -1 };
    });
    return { type: 'applied', receipts };
  }

  expire(index: number, time: number): void {
    while (true) {
      const [next] = this.pendings()
        .filter(({ expiresAt }) => expiresAt !== 0 && expiresAt <= time)
        .sort((left, right) => left.expiresAt - right.expiresAt);
      if (next === undefined) return;
      const { id, debit, credit, amount } = next;
      const ends = [id, 'expired'] as const;
      this.#add({
        index,
        time,
        operation: undefined,
        debit,
        credit,
        posted: 0n,
        pending: -amount,
        ends,
      });
    }
  }

  /** Transfers that are pending, in the order in which they came. */
  pendings(): readonly {
    readonly id: string;
    readonly debit: string;
    readonly credit: string;
    readonly amount: bigint;
    readonly expiresAt: number;
  }[] {
    return this.lines.flatMap(({ operation, time }) => {
      if (operation?.type !== 'pending' || this.ending(operation.id) !== undefined) return [];
      const { id, debit, credit, amount, timeoutMs } = operation;
      return [{ id, debit, credit, amount, expiresAt: timeoutMs === 0 ? 0 : time + timeoutMs }];
    });
  }

  ending(id: string): 'posted' | 'voided' | 'expired' | undefined {
    return this.lines.find(({ ends }) => ends?.[0] === id)?.ends?.[1];
  }

  accounts(): readonly LedgerOpen[] {
    return this.lines.flatMap(({ operation }) => (operation?.type === 'open' ? [operation] : []));
  }

  /** What moved an account, as positions in `lines`. */
  history(account: string): readonly number[] {
    return this.lines.flatMap(({ debit, credit }, at) =>
      debit === account || credit === account ? [at] : [],
    );
  }

  balances(account: string, index: number = Infinity): LedgerBalances {
    return sum(
      this.lines.filter((line) => line.index <= index),
      (id) => id === account,
    );
  }

  totals(currency: string): LedgerBalances {
    const accounts = this.accounts().filter((account) => account.currency === currency);
    return sum(this.lines, (id) => accounts.some((account) => account.id === id));
  }

  #operate(operation: LedgerOperation, index: number, time: number): number | LedgerReason {
    const ordered = this.#whole(operation);
    const isOpen = ordered.type === 'open';
    const existing = this.lines.findIndex(
      (line) => line.operation?.id === ordered.id && (line.operation.type === 'open') === isOpen,
    );
    if (existing >= 0) {
      const same = text(this.lines[existing]?.operation) === text(ordered);
      return same ? existing : 'exists-with-different-content';
    }
    const base = { index, time, operation: ordered };
    if (ordered.type === 'open') {
      return this.#add({ ...base, debit: '', credit: '', posted: 0n, pending: 0n });
    }
    if (ordered.type === 'transfer' || ordered.type === 'pending') {
      const reason = this.#moveProblem(ordered.debit, ordered.credit, ordered.amount);
      if (reason !== undefined) return reason;
      const { debit, credit, amount } = ordered;
      return ordered.type === 'transfer'
        ? this.#add({ ...base, debit, credit, posted: amount, pending: 0n })
        : this.#add({ ...base, debit, credit, posted: 0n, pending: amount });
    }
    const target = this.#transfer(ordered.pending);
    if (target === undefined) return 'pending-missing';
    if (target.operation?.type !== 'pending') return 'not-pending';
    const ending = this.ending(ordered.pending);
    if (ending !== undefined) return `already-${ending}`;
    const { debit, credit, amount, timeoutMs } = target.operation;
    if (timeoutMs !== 0 && target.time + timeoutMs <= time) return 'already-expired';
    const posted = ordered.type === 'post' ? (ordered.amount ?? amount) : 0n;
    if (posted > amount) return 'exceeds-pending';
    const ends = [ordered.pending, ordered.type === 'post' ? 'posted' : 'voided'] as const;
    return this.#add({ ...base, debit, credit, posted, pending: -amount, ends });
  }

  #moveProblem(debit: string, credit: string, amount: bigint): LedgerReason | undefined {
    const [from, to] = [debit, credit].map((id) => this.accounts().find((it) => it.id === id));
    if (from === undefined) return 'debit-account-missing';
    if (to === undefined) return 'credit-account-missing';
    if (from.currency !== to.currency) return 'currency-mismatch';
    const all = this.totals(from.currency);
    if (all.debitsPosted + all.debitsPending + amount > most) return 'would-overflow';
    const left = this.balances(debit);
    const right = this.balances(credit);
    if (
      from.limit === 'debits-within-credits' &&
      left.debitsPosted + left.debitsPending + amount > left.creditsPosted
    ) {
      return 'debits-would-exceed-credits';
    }
    if (
      to.limit === 'credits-within-debits' &&
      right.creditsPosted + right.creditsPending + amount > right.debitsPosted
    ) {
      return 'credits-would-exceed-debits';
    }
    return undefined;
  }

  #whole(operation: LedgerOperation): LedgerOperation {
    if (operation.type !== 'post' || operation.amount !== undefined) return operation;
    const target = this.#transfer(operation.pending)?.operation;
    return target?.type === 'pending' ? { ...operation, amount: target.amount } : operation;
  }

  #transfer(id: string): Line | undefined {
    return this.lines.find(
      ({ operation }) =>
        operation !== undefined && operation.type !== 'open' && operation.id === id,
    );
  }

  #add(line: Line): number {
    this.lines = [...this.lines, line];
    return this.lines.length - 1;
  }
}

function sum(lines: readonly Line[], isMeant: (account: string) => boolean): LedgerBalances {
  const total = (side: 'debit' | 'credit', what: 'posted' | 'pending'): bigint =>
    lines.filter((line) => isMeant(line[side])).reduce((all, line) => all + line[what], 0n);
  return {
    debitsPosted: total('debit', 'posted'),
    creditsPosted: total('credit', 'posted'),
    debitsPending: total('debit', 'pending'),
    creditsPending: total('credit', 'pending'),
  };
}

function text(operation: LedgerOperation | undefined): string {
  const entries = Object.entries(operation ?? {}).map(
    ([name, value]: readonly [string, unknown]) =>
      `${name}=${value instanceof Uint8Array ? value.join() : String(value)}`,
  );
  return entries.sort().join();
}
