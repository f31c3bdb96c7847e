/** Runs seeds and plans. */
import { seededRandom } from '@quorate/core';
import type { DrawnAlgorithm, WorldParts } from './options.ts';
import type { Plan } from './plan.ts';
import { drawPlan, type Profile } from './profiles.ts';
import type { Tracer } from './world/journal.ts';
import { type Run, World } from './world/world.ts';

/** How to run. */
export interface SimulateOptions {
  /** Which faults there are. @default 'swarm' */
  readonly profile?: Profile;
  /** Takes a trace. @default none is made */
  readonly tracer?: Tracer;
}

/** The plan of a seed. */
export function planOf<C, R, Q, A>(
  seed: number,
  parts: WorldParts<C, R, Q, A>,
  profile: Profile = 'swarm',
): Plan {
  return drawPlan(seed, profile, drawnOf(seed, parts));
}

/** Runs one seed. */
export function simulate<C, R, Q, A>(
  seed: number,
  parts: WorldParts<C, R, Q, A>,
  { profile = 'swarm', tracer }: SimulateOptions = {},
): Promise<Run> {
  return runPlan(planOf(seed, parts, profile), parts, tracer);
}

/** Runs a plan, which need not be as it was drawn. */
export function runPlan<C, R, Q, A>(
  plan: Plan,
  parts: WorldParts<C, R, Q, A>,
  tracer?: Tracer,
): Promise<Run> {
  return new World(plan, drawnOf(plan.seed, parts), parts, tracer).run();
}

/** The options of the algorithm are part of what a seed decides. */
function drawnOf<C, R, Q, A>(seed: number, { algorithm }: WorldParts<C, R, Q, A>): DrawnAlgorithm {
  return algorithm.draw(seededRandom(seed + 0x0b7));
}
