/**
 * `kill -9` at random moments of a life, and of the recoveries after it.
 *
 * The kernel stays, so everything that it was given reaches the disk: this shows whether what is
 * there half-way is put in order, not whether it was synced.
 */
import type { Random } from '@quorate/core';
import { Folders } from './folders.ts';
import type { Lineage } from './lineage.ts';
import { killerOf, momentOfLife, momentOfRecovery } from './moments.ts';
import { type Round, type Scenario, Sum } from './scenario.ts';

export const kill: Scenario = {
  summary: 'kill -9 at random moments, of recoveries too',
  rounds: 30,
  whyNot: async () => undefined,
  begin: async (scenarioContext) => {
    const folders = new Folders(scenarioContext);
    return {
      round: (context) => folders.round(context, (lineage) => killRound(lineage, context.random)),
    };
  },
};

async function killRound(lineage: Lineage, random: Random): Promise<Round> {
  const sum = new Sum();
  await killLife(lineage, random, sum);
  while (sum.problems.length === 0 && random.chance(0.4)) {
    const { problems, killed } = await lineage.disturb(killerOf(momentOfRecovery(random)));
    sum.add({ problems, struck: killed ? 1 : 0 });
  }
  if (sum.problems.length === 0) sum.add(await lineage.check());
  return sum;
}

/** Goes through a life that is killed somewhere. */
export async function killLife(lineage: Lineage, random: Random, sum: Sum): Promise<void> {
  const writes = 5 + random.below(random.chance(0.2) ? 400 : 120);
  const inFlight = 1 + random.below(24);
  const { onEvent } = killerOf(momentOfLife(random, writes));
  const { trail, problems, killed } = await lineage.live({ writes, inFlight, onEvent });
  sum.add({ problems, struck: killed ? 1 : 0, acknowledged: trail.acknowledgements });
}
