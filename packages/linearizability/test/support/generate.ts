/**
 * Histories of a real execution: every operation takes effect at one moment between its call and its
 * completion, whatever happens around it. Faults are told apart from it: see `broken`.
 */
import { type Random, seededRandom } from '@quorate/core';
import { type Answer, type Call, type History, HistoryRecorder } from '@quorate/linearizability';
import type { System } from './systems.ts';

/** What is generated. */
export interface Plan {
  readonly operations: number;
  readonly processes: number;
  /** Probability that nobody learns what became of an operation. */
  readonly info?: number;
  /** At most so many of them. */
  readonly maxInfo?: number;
  /** Probability that it does not happen, and fails. */
  readonly fail?: number;
  /** Probability that an operation sees the state of a while ago, and changes it: a fault. */
  readonly stale?: number;
}

/** A history, and what its checker cannot know. */
export interface Execution {
  readonly history: History;
  /** The order in which operations took effect: places in the history. */
  readonly order: readonly number[];
}

interface Underway {
  readonly id: number;
  readonly call: Call;
  answer?: Answer;
}

/** A history out of a seed. Linearizable, unless the plan has faults. */
export function generate(system: System, plan: Plan, seed: number): History {
  return execute(system, plan, seed).history;
}

/** The same, with the order in which it happened. */
export function execute(system: System, plan: Plan, seed: number): Execution {
  const random = seededRandom(seed);
  const recorder = new HistoryRecorder();
  const idle = Array.from({ length: plan.processes }, (_, process) => process);
  const underway = new Map<number, Underway>();
  /** Left behind by a process that gave up; may still take effect. */
  const crashed: Underway[] = [];
  const order: number[] = [];
  let state = system.init;
  const past = [state];
  let fresh = 0;
  let begun = 0;
  let infos = 0;
  const applied = ({ id, call }: Underway): Answer => {
    order.push(id);
    const isStale = random.chance(plan.stale ?? 0);
    const seen = isStale ? random.pick(past.slice(-6)) : state;
    const result = system.apply(seen, call);
    if (!isStale || call.f !== 'read') ({ state } = result);
    past.push(state);
    return result.answer;
  };
  while (begun < plan.operations || underway.size > 0) {
    if (crashed.length > 0 && random.chance(0.1)) {
      const [late] = crashed.splice(random.below(crashed.length), 1);
      if (late !== undefined && random.chance(0.7)) applied(late);
    }
    if (begun < plan.operations && idle.length > 0 && random.chance(0.5)) {
      const [process = 0] = idle.splice(random.below(idle.length), 1);
      const call = system.draw(random, () => (fresh += 1));
      underway.set(process, { id: recorder.invoke(process, call), call });
      begun += 1;
      continue;
    }
    if (underway.size === 0) continue;
    const [process, operation] = random.pick([...underway]);
    if (operation.answer === undefined) {
      if (random.chance(plan.fail ?? 0)) {
        recorder.fail(operation.id);
      } else if (infos < (plan.maxInfo ?? Infinity) && random.chance(plan.info ?? 0)) {
        infos += 1;
        crashed.push(operation);
        // Some never hear, some are told that nobody knows; a new process takes the place of both.
        if (random.chance(0.5)) recorder.info(operation.id);
        underway.delete(process);
        idle.push(plan.processes + infos);
        continue;
      } else {
        operation.answer = applied(operation);
        continue;
      }
    } else {
      recorder.ok(operation.id, operation.answer);
    }
    underway.delete(process);
    idle.push(process);
  }
  return { history: recorder.history(), order };
}

/** A small history of any shape: right, wrong in one answer, or of a system with faults. */
export function small(system: System, seed: number): Execution {
  const random = seededRandom(seed);
  const plan: Plan = {
    operations: 3 + random.below(5),
    processes: 2 + random.below(3),
    info: random.pick([0, 0.2, 0.5]),
    maxInfo: 4,
    fail: random.pick([0, 0.2]),
    stale: random.pick([0, 0.3]),
  };
  const { history, order } = execute(system, plan, seed);
  return { history: random.chance(0.5) ? broken(system, history, random) : history, order };
}

/** The same with one answer replaced by another, right or wrong. */
export function broken(system: System, history: History, random: Random): History {
  const completed = history.flatMap(({ ending }, at) => (ending.type === 'ok' ? [at] : []));
  if (completed.length === 0) return history;
  const chosen = random.pick(completed);
  return history.map((operation, at) => {
    if (at !== chosen || operation.input.f === 'write' || operation.input.f === 'append') {
      return operation;
    }
    const output = system.invent(random, operation.input);
    return { ...operation, ending: { type: 'ok', output } };
  });
}
