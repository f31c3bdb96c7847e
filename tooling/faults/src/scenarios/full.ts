/**
 * The disk is full: in memory (tmpfs), and an ext4 in a file. The kernel itself says ENOSPC, and
 * before that it writes less than it was asked to.
 */
import type { Random } from '@quorate/core';
import { join } from 'node:path';
import { imageDisk, type TightDisk, tmpfsDisk } from '../kernel/disks.ts';
import { whyNot } from '../kernel/means.ts';
import { processHost } from './host.ts';
import { Lineage } from './lineage.ts';
import { type Round, type Scenario, type ScenarioContext, Sum } from './scenario.ts';

/** A disk with a folder that lives on through the rounds. */
interface Ground {
  readonly disk: TightDisk;
  readonly lineage: Lineage;
}

const mebibyte = 2 ** 20;
/** More than fill any space that is left. */
const mostWrites = 5_000;

export const full: Scenario = {
  summary: 'the disk is full (tmpfs, ext4)',
  rounds: 10,
  whyNot: ({ stage }) => whyNot('tmpfs', stage),
  begin: async (context) => {
    const makers = [onTmpfs];
    if ((await whyNot('loop', context.stage)) === undefined) makers.push(onImage);
    const grounds: (Ground | undefined)[] = makers.map(() => undefined);
    let rounds = 0;
    return {
      round: async ({ random }) => {
        const at = rounds++ % makers.length;
        const ground = grounds[at] ?? (await (makers[at] ?? onTmpfs)(context));
        const round = await fillRound(ground, random);
        // One where something went wrong is never used again.
        grounds[at] = round.problems.length === 0 ? ground : undefined;
        return round;
      },
    };
  },
};

async function onTmpfs(context: ScenarioContext): Promise<Ground> {
  const namespace = await context.stage.namespace();
  const disk = await tmpfsDisk(namespace, await context.stage.folder());
  return groundOn(disk, namespace.enter, context);
}

async function onImage(context: ScenarioContext): Promise<Ground> {
  const namespace = await context.stage.namespace();
  const disk = await imageDisk(namespace, await context.stage.folder());
  return groundOn(disk, namespace.enter, context);
}

function groundOn(
  disk: TightDisk,
  enter: readonly string[],
  { storage, seed, stage }: ScenarioContext,
): Ground {
  const directory = join(disk.path, 'data');
  const host = processHost(stage, enter);
  return { disk, lineage: new Lineage({ storage, seed, directory, host }) };
}

async function fillRound({ disk, lineage }: Ground, random: Random): Promise<Round> {
  const sum = new Sum();
  await disk.squeeze(random.chance(0.2) ? random.below(65_536) : random.below(3 * mebibyte));
  const { trail, problems } = await lineage.live({
    writes: mostWrites,
    inFlight: 1 + random.below(8),
    hoards: true,
    faulty: true,
  });
  const refused = trail.refusals.length > 0 ? 1 : 0;
  sum.add({ problems, acknowledged: trail.acknowledgements, struck: refused, refused });
  if (refused === 0 && problems.length === 0) {
    sum.add({ problems: [{ kind: 'unnoticed', message: 'the disk never was full' }] });
  }
  if (sum.problems.length === 0 && random.chance(0.5)) {
    // While it is still full it may be that it cannot be opened; but nothing else.
    const looked = await lineage.check({ writes: 0, mayRefuse: true });
    sum.add({ ...looked, refused: looked.closed ? 1 : 0 });
  }
  await disk.relax();
  if (sum.problems.length === 0) sum.add(await lineage.check());
  return sum;
}
