/** Runs one seed or plan, to be looked at. */
import { planOf, type Run, runPlan, shrink } from '@quorate/simulator';
import type { Order } from './options.ts';
import { seconds } from './text.ts';
import { readPlan, TraceFile, writePlan } from './trace.ts';
import { worldOf } from './worlds.ts';

type One = Extract<Order, { readonly type: 'one' }>;

/** Runs it, and returns whether it broke no rule. */
export async function runOne(
  order: One,
  print: (line: string) => void,
  say: (line: string) => void,
): Promise<boolean> {
  const { algorithm, profile, workload } = order;
  const given = order.plan === undefined ? undefined : readPlan(order.plan);
  const seed = given?.seed ?? order.seed;
  const world = worldOf(algorithm, seed, workload);
  const plan = given ?? planOf(seed, world, profile);
  let run = await runPlan(plan, world);
  describe(run, print);
  if (run.violation !== undefined && order.shrink) {
    const shrunk = await shrink(run, world, {
      progress: (smaller, runs) => {
        say(`run ${String(runs)}: fails with ${String(smaller.faults.length)} faults`);
      },
    });
    run = shrunk.run;
    print(`After ${String(shrunk.runs)} runs, the smallest that fails:`);
    describe(run, print);
    for (const fault of run.plan.faults) print(`  ${JSON.stringify(fault)}`);
  }
  if (order.save !== undefined) writePlan(order.save, run.plan);
  if (order.trace !== undefined) await trace(order.trace, run, world);
  return run.violation === undefined;
}

/** The same run once more, with every step written down. */
async function trace(
  path: string,
  { plan }: Run,
  world: ReturnType<typeof worldOf>,
): Promise<void> {
  const file = new TraceFile(path);
  try {
    await runPlan(plan, world, (event) => {
      file.add(event);
    });
  } finally {
    file.close();
  }
}

function describe(run: Run, print: (line: string) => void): void {
  const { plan, violation, virtualMs, operations, digest } = run;
  print(
    `seed ${String(plan.seed)}: ${String(plan.voters)} voters, ${String(plan.faults.length)} faults planned, ` +
      `${seconds(virtualMs)} virtual s, ${String(operations.ok)} answered, ${String(operations.failed)} refused, ` +
      `${String(operations.unknown)} unknown, digest ${digest}`,
  );
  print(violation === undefined ? '  no rule was broken' : `  ${violation}`);
}
