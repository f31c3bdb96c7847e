/** One client: an operation after the other, by whatever way in it finds, each written down in the history. */
import {
  type LogIndex,
  NotConfirmedByAllError,
  OutcomeUnknownError,
  type Random,
} from '@quorate/core';
import type { HistoryRecorder } from '@quorate/linearizability';
import type { ClientPlan } from '../plan.ts';
import type { Journal } from '../world/journal.ts';
import type { Schedule } from '../world/schedule.ts';
import type { Operation, Workload } from '../workloads/workload.ts';
import type { Door, Entrance } from './entrance.ts';

/** What clients share. */
export interface ClientWorld {
  readonly schedule: Schedule;
  readonly journal: Journal;
  readonly history: HistoryRecorder<unknown, unknown>;
  readonly workload: Workload<unknown, unknown, unknown, unknown>;
  readonly plan: ClientPlan;
  /** A number for the next call, which no other has. */
  nextCall(): number;
  /** A command was called: the number of its call, and its place in the history. */
  called(call: number, id: number): void;
  /** A query was answered from a state that ended with this entry. */
  read(id: number, index: LogIndex): void;
  /** A call has ended so; its result, if it has one. */
  ended(call: number, outcome: CallOutcome, result?: unknown): void;
  /** A process of the history that did nothing yet. */
  nextProcess(): number;
  /** Whether the client may begin one more operation. */
  admits(client: Client): boolean;
}

/** What a caller is told in the end. */
export type CallOutcome = 'ok' | 'failed' | 'unknown';

/** How often an operation ended how. */
export interface ClientCounts {
  ok: number;
  failed: number;
  unknown: number;
}

/** Looks for a node, or for something to do, again after so long. */
const searchMs = 50;

/** A client. */
export class Client {
  readonly counts: ClientCounts = { ok: 0, failed: 0, unknown: 0 };
  readonly #world: ClientWorld;
  readonly #random: Random;
  readonly #door: Door | undefined;
  #process: number;

  /** @param door `undefined`: whoever calls `perform` knows the way. */
  constructor(world: ClientWorld, random: Random, door?: Door) {
    this.#world = world;
    this.#random = random;
    this.#door = door;
    this.#process = world.nextProcess();
  }

  /** Begins to work, with a pause in front. */
  begin(): void {
    this.#later();
  }

  #later(): void {
    const { schedule, plan } = this.#world;
    // Pauses of exponential length: what comes at random.
    const ms = -Math.log(1 - this.#random.next()) * plan.thinkMs;
    schedule.after(ms, undefined, () => {
      this.#next();
    });
  }

  #next(): void {
    const { schedule, workload } = this.#world;
    const entrance = this.#door?.choose();
    if (entrance === undefined || !this.#world.admits(this)) {
      schedule.after(searchMs, undefined, () => {
        this.#next();
      });
      return;
    }
    const call = this.#world.nextCall();
    this.perform(entrance, call, workload.next(this.#random, call), () => {
      this.#later();
    });
  }

  /** Performs an operation, and calls back when it has ended, one way or another. */
  perform(
    entrance: Entrance,
    call: number,
    operation: Operation<unknown, unknown, unknown, unknown>,
    ended: () => void,
  ): void {
    const { schedule, history, journal } = this.#world;
    const { name, process } = entrance;
    const id = history.invoke(this.#process, operation.input, nanoseconds(schedule.now));
    if (operation.kind === 'execute') this.#world.called(call, id);
    let open = true;
    const end = (outcome: CallOutcome, tell: (time: number) => void, result?: unknown): void => {
      if (!open) return;
      open = false;
      forget();
      this.counts[outcome] += 1;
      if (operation.kind === 'execute') this.#world.ended(call, outcome, result);
      tell(nanoseconds(schedule.now));
      journal.add(name, outcome, undefined);
      if (outcome === 'unknown') {
        // In a history, a process does one thing at a time: this one does it for ever.
        this.#process = this.#world.nextProcess();
        this.#door?.disappointed();
      }
      ended();
    };
    const unknown = (): void => {
      end('unknown', (time) => {
        history.info(id, time);
      });
    };
    const forget = process.onEnd(() => {
      // In an event of its own: others are told of the end, too.
      schedule.after(0, undefined, unknown);
    });
    const completed = (answer: unknown, index?: LogIndex): void => {
      // What a process says that has ended reaches nobody.
      if (process.ended) return;
      if (index !== undefined) this.#world.read(id, index);
      end(
        'ok',
        (time) => {
          history.ok(id, operation.output(answer), time);
        },
        answer,
      );
    };
    const refused = (error: unknown): void => {
      if (process.ended) return;
      if (error instanceof NotConfirmedByAllError) {
        completed(error.result);
        return;
      }
      if (operation.kind === 'execute' && error instanceof OutcomeUnknownError) {
        journal.reached('outcome unknown');
        unknown();
        return;
      }
      journal.reached(`refused: ${codeOf(error)}`);
      end('failed', (time) => {
        history.fail(id, time);
      });
    };
    const { plan } = this.#world;
    const { timeoutMs } = plan;
    if (operation.kind === 'execute') {
      const acknowledge = this.#random.chance(plan.acknowledgeAll) ? 'all' : 'quorum';
      entrance
        .execute({ call, command: operation.command }, { timeoutMs, acknowledge })
        .then((result) => {
          completed(result);
        }, refused);
    } else {
      const consistency = this.#random.chance(plan.leaseReads) ? 'lease' : 'linearizable';
      entrance.query(operation.query, { timeoutMs, consistency }).then(({ answer, index }) => {
        completed(answer, index);
      }, refused);
    }
  }
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an error without a code';
}
