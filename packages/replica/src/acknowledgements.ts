/**
 * `acknowledge: 'all'`: results that are kept until every voter has applied their command. One
 * question to the log for everything that one delivery applied, for its highest index.
 */
import type { LogIndex, ReplicatedLog, Runtime } from '@quorate/core';
import type { PayloadCaller } from './callers.ts';
import { Deadline, type Deadlines } from '@quorate/core/waiting';

/** Callers whose commands were applied here in one delivery. */
class Hold<R> extends Deadline {
  readonly callers: PayloadCaller<R>[] = [];
  readonly controller: AbortController = new AbortController();

  /** Nobody waits any longer, so the log need not either. */
  override giveUp(): void {
    this.controller.abort();
  }
}

/** All results that are kept. */
export class Acknowledgements<R> {
  readonly #log: Pick<ReplicatedLog<PayloadCaller<R>>, 'appliedByAll'>;
  readonly #deadlines: Deadlines;
  readonly #runtime: Runtime;
  #open: Hold<R> | undefined;

  constructor(
    log: Pick<ReplicatedLog<PayloadCaller<R>>, 'appliedByAll'>,
    deadlines: Deadlines,
    runtime: Runtime,
  ) {
    this.#log = log;
    this.#deadlines = deadlines;
    this.#runtime = runtime;
  }

  /** Keeps one result until the next {@link ask} is answered. */
  hold(caller: PayloadCaller<R>): void {
    this.#open ??= new Hold<R>();
    this.#open.callers.push(caller);
  }

  /** Asks for nothing: the callers held since the last {@link ask} are told that it is not confirmed. */
  giveUp(cause: unknown): void {
    const hold = this.#open;
    this.#open = undefined;
    for (const caller of hold?.callers ?? []) caller.unconfirmed(cause);
  }

  /** Asks for everything held since the last call. */
  ask(index: LogIndex): void {
    const hold = this.#open;
    if (hold === undefined) return;
    this.#open = undefined;
    let lastAt = 0;
    for (const caller of hold.callers) lastAt = Math.max(lastAt, caller.deadlineAt);
    this.#deadlines.add(hold, Math.max(lastAt - this.#runtime.now(), 1));
    this.#log.appliedByAll(index, { signal: hold.controller.signal }).then(
      () => {
        hold.unlink();
        for (const caller of hold.callers) caller.confirmed();
      },
      (error: unknown) => {
        hold.unlink();
        for (const caller of hold.callers) caller.unconfirmed(error);
      },
    );
  }
}
