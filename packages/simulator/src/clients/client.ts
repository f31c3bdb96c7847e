/** One client: an operation after the other, at whatever node it finds, each written down in the history. */
import { type LogIndex, OutcomeUnknownError, type Random } from '@quorate/core';
import type { HistoryRecorder } from '@quorate/linearizability';
import { NotConfirmedByAllError } from '@quorate/replica';
import type { ClientPlan } from '../plan.ts';
import type { AnyNode } from '../world/stage.ts';
import type { Journal } from '../world/journal.ts';
import type { Schedule } from '../world/schedule.ts';
import type { Operation, Workload } from '../workloads/workload.ts';

/** What clients share. */
export interface ClientWorld {
  readonly schedule: Schedule;
  readonly journal: Journal;
  readonly history: HistoryRecorder<unknown, unknown>;
  readonly workload: Workload<unknown, unknown, unknown, unknown>;
  readonly plan: ClientPlan;
  /** Nodes that may be asked now. */
  candidates(): readonly AnyNode[];
  /** A number for the next call, which no other has. */
  nextCall(): number;
  /** A command was called: the number of its call, and its place in the history. */
  called(call: number, id: number): void;
  /** A query was answered from a state that ended with this entry. */
  read(id: number, index: LogIndex): void;
  /** A call has ended so. */
  ended(call: number, outcome: CallOutcome): void;
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
  #process: number;
  #node: AnyNode | undefined;

  constructor(world: ClientWorld, random: Random) {
    this.#world = world;
    this.#random = random;
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
    const node = this.#choose();
    if (node === undefined || !this.#world.admits(this)) {
      schedule.after(searchMs, undefined, () => {
        this.#next();
      });
      return;
    }
    const call = this.#world.nextCall();
    this.perform(node, call, workload.next(this.#random, call), () => {
      this.#later();
    });
  }

  #choose(): AnyNode | undefined {
    const candidates = this.#world.candidates();
    if (candidates.length === 0) return undefined;
    const { plan } = this.#world;
    if (plan.sticky && this.#node !== undefined && candidates.includes(this.#node)) {
      return this.#node;
    }
    this.#node = this.#random.pick(candidates);
    return this.#node;
  }

  /** Performs an operation, and calls back when it has ended, one way or another. */
  perform(
    node: AnyNode,
    call: number,
    operation: Operation<unknown, unknown, unknown, unknown>,
    ended: () => void,
  ): void {
    const { schedule, history, journal } = this.#world;
    const { replica, process } = node;
    if (replica === undefined || process === undefined) {
      ended();
      return;
    }
    const id = history.invoke(this.#process, operation.input, nanoseconds(schedule.now));
    if (operation.kind === 'execute') this.#world.called(call, id);
    let open = true;
    const end = (outcome: CallOutcome, tell: (time: number) => void): void => {
      if (!open) return;
      open = false;
      forget();
      this.counts[outcome] += 1;
      if (operation.kind === 'execute') this.#world.ended(call, outcome);
      tell(nanoseconds(schedule.now));
      journal.add(node.id, outcome, undefined);
      if (outcome === 'unknown') {
        // In a history, a process does one thing at a time: this one does it for ever.
        this.#process = this.#world.nextProcess();
        this.#node = undefined;
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
      end('ok', (time) => {
        history.ok(id, operation.output(answer), time);
      });
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
      replica
        .execute({ call, command: operation.command }, { timeoutMs, acknowledge })
        .then((result) => {
          completed(result);
        }, refused);
    } else {
      const consistency = this.#random.chance(plan.leaseReads) ? 'lease' : 'linearizable';
      replica.read(operation.query, { timeoutMs, consistency }).then(({ answer, index }) => {
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
