/**
 * Makes a failure small: fewer faults, fewer operations, a shorter run, a calmer world, as long as the same
 * rule is broken. A plan is plain data, and each attempt is a run of a changed one (delta debugging:
 * Zeller and Hildebrandt 2002).
 */
import type { WorldParts } from './options.ts';
import { calmNetwork } from './network/conditions.ts';
import type { Plan } from './plan.ts';
import { runPlan } from './simulate.ts';
import type { Run } from './world/world.ts';

/** How long to try. */
export interface ShrinkOptions {
  /** @default 300 */
  readonly maxRuns?: number;
  /** Hears of each success. */
  readonly progress?: (plan: Plan, runs: number) => void;
}

/** A failure that was made small. */
export interface Shrunk {
  readonly run: Run;
  /** How many runs it took. */
  readonly runs: number;
}

/**
 * Shrinks the plan of a run that failed.
 *
 * @returns a run that breaks the same rule: the same one where nothing can be left out.
 */
export async function shrink<C, R, Q, A>(
  failed: Run,
  parts: WorldParts<C, R, Q, A>,
  { maxRuns = 300, progress }: ShrinkOptions = {},
): Promise<Shrunk> {
  const rule = ruleOf(failed);
  let best = failed;
  let runs = 0;
  const attempt = async (plan: Plan): Promise<boolean> => {
    if (runs >= maxRuns) return false;
    runs += 1;
    const run = await runPlan(plan, parts);
    if (run.violation === undefined || ruleOf(run) !== rule) return false;
    best = run;
    progress?.(plan, runs);
    return true;
  };
  let before: Plan | undefined;
  while (before !== best.plan && runs < maxRuns) {
    before = best.plan;
    await shorten(best, attempt);
    await dropFaults(() => best.plan, attempt);
    for (const simpler of simplifications) {
      const plan = simpler(best.plan);
      if (plan !== undefined) await attempt(plan);
    }
  }
  return { run: best, runs };
}

type Attempt = (plan: Plan) => Promise<boolean>;

/** The rule, without the names and numbers behind it. */
function ruleOf({ violation = '' }: Run): string {
  return (violation.split(':')[0] ?? '').replaceAll(/\bn\d\b|\d+/g, '#');
}

/** Nothing after the moment of the failure matters. */
async function shorten({ plan, virtualMs }: Run, attempt: Attempt): Promise<void> {
  const runMs = Math.ceil(virtualMs) + 1;
  if (runMs < plan.runMs) await attempt({ ...plan, runMs });
}

/** Leaves out halves of the faults, then quarters, and so on. */
async function dropFaults(current: () => Plan, attempt: Attempt): Promise<void> {
  let size = Math.ceil(current().faults.length / 2);
  while (size >= 1) {
    let dropped = false;
    for (let at = 0; at < current().faults.length; ) {
      const plan = current();
      const faults = [...plan.faults.slice(0, at), ...plan.faults.slice(at + size)];
      if (await attempt({ ...plan, faults })) dropped = true;
      else at += size;
    }
    if (size === 1 && !dropped) return;
    size = Math.floor(size / 2);
  }
}

/** Each gives a simpler plan, if there is one. */
const simplifications: readonly ((plan: Plan) => Plan | undefined)[] = [
  (plan) => (plan.network === calmNetwork ? undefined : { ...plan, network: calmNetwork }),
  (plan) => (plan.clients.count === 1 ? undefined : withClients(plan, { count: 1 })),
  (plan) =>
    plan.clients.count < 3
      ? undefined
      : withClients(plan, { count: Math.ceil(plan.clients.count / 2) }),
  (plan) =>
    plan.clients.operations < 2
      ? undefined
      : withClients(plan, { operations: Math.floor(plan.clients.operations / 2) }),
  (plan) =>
    plan.clients.operations < 10
      ? undefined
      : withClients(plan, { operations: Math.floor(plan.clients.operations * 0.8) }),
  (plan) =>
    plan.clients.sessions.share === 0
      ? undefined
      : withClients(plan, { sessions: { ...plan.clients.sessions, share: 0 } }),
  (plan) => (plan.clients.leaseReads === 0 ? undefined : withClients(plan, { leaseReads: 0 })),
  (plan) =>
    plan.clients.acknowledgeAll === 0 ? undefined : withClients(plan, { acknowledgeAll: 0 }),
  (plan) =>
    plan.clockDrift === 0 && plan.clockSkewMs === 0
      ? undefined
      : { ...plan, clockDrift: 0, clockSkewMs: 0 },
  (plan) =>
    plan.clients.sessions.clockDrift === 0
      ? undefined
      : withClients(plan, { sessions: { ...plan.clients.sessions, clockDrift: 0 } }),
  (plan) => (plan.quorumOnly ? { ...plan, quorumOnly: false } : undefined),
  (plan) => (plan.spares === 0 ? undefined : { ...plan, spares: plan.spares - 1 }),
  (plan) => (plan.voters === 5 ? { ...plan, voters: 3 } : undefined),
];

function withClients(plan: Plan, changes: Partial<Plan['clients']>): Plan {
  return { ...plan, clients: { ...plan.clients, ...changes } };
}
