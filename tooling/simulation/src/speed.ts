/** How much faster than real time a calm group runs, with every check on. */
import { type Plan, planOf, runPlan } from '@quorate/simulator';
import { worldOf } from './worlds.ts';

/** Operations of all clients together, in a virtual second. */
export const operationsPerSecond = 10;

/** What a speed run came to. */
export interface Speed {
  readonly algorithm: string;
  readonly virtualSeconds: number;
  /** Virtual seconds a real one. */
  readonly ratio: number;
  readonly eventsPerSecond: number;
  readonly microsecondsPerEvent: number;
  readonly operations: number;
}

/** Three nodes under moderate load, nothing fails. */
export function calmPlan(algorithm: string, seconds: number): Plan {
  const plan = planOf(1, worldOf(algorithm, 1, 'registers'), 'calm');
  const count = 4;
  return {
    ...plan,
    voters: 3,
    runMs: seconds * 1000,
    diskLatencyMs: [0.1, 1],
    turnMs: [0, 0.05],
    clients: {
      ...plan.clients,
      count,
      thinkMs: (1000 * count) / operationsPerSecond,
      operations: Number.MAX_SAFE_INTEGER,
      leaseReads: 0,
      acknowledgeAll: 0,
      // Callers in the processes of the nodes: those far away come with connections, heartbeats and sessions of their own.
      sessions: { ...plan.clients.sessions, share: 0 },
    },
  };
}

/** Measures it. */
export async function measure(algorithm: string, seconds: number): Promise<Speed> {
  const world = worldOf(algorithm, 1, 'registers');
  // The compiler has seen the code before the clock starts.
  await runPlan(calmPlan(algorithm, Math.min(60, seconds)), world);
  const began = performance.now();
  const run = await runPlan(calmPlan(algorithm, seconds), world);
  const realMs = performance.now() - began;
  if (run.violation !== undefined) throw new Error(run.violation);
  return {
    algorithm,
    virtualSeconds: run.virtualMs / 1000,
    ratio: run.virtualMs / realMs,
    eventsPerSecond: (run.events / realMs) * 1000,
    microsecondsPerEvent: (realMs * 1000) / run.events,
    operations: run.operations.ok,
  };
}
