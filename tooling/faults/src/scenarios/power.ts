/**
 * The power goes: a real ext4 on a disk whose content is taken at a random instant, while writes go
 * on. What was not synced is not in it, and what the file system had half-way is for its journal.
 */
import type { Random } from '@quorate/core';
import { join } from 'node:path';
import { PowerDisk } from '../kernel/disks.ts';
import { whyNot } from '../kernel/means.ts';
import type { Namespace } from '../kernel/namespace.ts';
import { killLife } from './kill.ts';
import { processHost } from './host.ts';
import { Lineage } from './lineage.ts';
import { momentOfLife, Trigger } from './moments.ts';
import { type Scenario, Sum } from './scenario.ts';
import type { Stage } from './stage.ts';

/** A disk, and what is on it. */
interface Ground {
  readonly folder: string;
  readonly disk: PowerDisk;
  readonly lineage: Lineage;
}

/** A disk that takes what is left when the power goes. */
type Spare = Pick<Ground, 'folder' | 'disk'>;

export const power: Scenario = {
  summary: 'the power goes at a random instant (ext4 on a loop device)',
  rounds: 10,
  whyNot: ({ stage }) => whyNot('loop', stage),
  begin: async ({ stage, storage, seed }) => {
    const namespace = await stage.namespace();
    const make = async (): Promise<Ground> => {
      const folder = await stage.folder();
      const disk = await PowerDisk.make(namespace, folder);
      const directory = join(disk.path, 'data');
      const host = processHost(stage, namespace.enter);
      const lineage = new Lineage({ storage, seed, directory, host });
      return { folder, disk, lineage };
    };
    let ground: Ground | undefined;
    return {
      round: async ({ random }) => {
        ground ??= await make();
        const sum = new Sum();
        const work = random.chance(0.6) ? cutLife : cutAfterRecovery;
        const next = await work(ground, { random, stage, namespace, sum });
        if (next !== ground) await leave(ground, stage);
        ground = next;
        if (sum.problems.length > 0) ground = undefined;
        return sum;
      },
    };
  },
};

interface Work {
  readonly random: Random;
  readonly stage: Stage;
  readonly namespace: Namespace;
  readonly sum: Sum;
}

/** The power goes during a life. */
async function cutLife(ground: Ground, work: Work): Promise<Ground> {
  const { random, sum } = work;
  const { lineage } = ground;
  const spare = await makeSpare(work);
  const writes = 20 + random.below(200);
  /** How many were acknowledged before; gives that once the cut is made. */
  let cutting: Promise<number> | undefined;
  const cut = async (): Promise<number> => {
    const acknowledged = lineage.trail?.acknowledged ?? 0;
    await ground.disk.cut(spare.disk);
    return acknowledged;
  };
  const trigger = new Trigger(momentOfLife(random, writes), () => {
    cutting = cut();
    // It is waited for below, when the life is over.
    cutting.catch(() => undefined);
  });
  const inFlight = 1 + random.below(16);
  const { trail, problems } = await lineage.live({ writes, inFlight, onEvent: trigger.onEvent });
  trigger.disarm();
  sum.add({ problems, acknowledged: trail.acknowledgements });
  return checkBoth(ground, spare, await (cutting ?? cut()), work);
}

/**
 * The power goes after a life was killed and what it left was put in order: whoever opened it has
 * been told what is there, so it must be there for good.
 */
async function cutAfterRecovery(ground: Ground, work: Work): Promise<Ground> {
  const { random, sum } = work;
  await killLife(ground.lineage, random, sum);
  sum.struck = 0;
  if (sum.problems.length > 0) return ground;
  const spare = await makeSpare(work);
  sum.add(await ground.lineage.check({ writes: random.chance(0.6) ? 0 : 12 }));
  await ground.disk.cut(spare.disk);
  return checkBoth(ground, spare, 0, work);
}

async function makeSpare({ stage, namespace }: Work): Promise<Spare> {
  const folder = await stage.folder();
  return { folder, disk: await PowerDisk.prepare(namespace, folder) };
}

/**
 * Checks what the power left, and what is there as if it had not gone.
 *
 * @returns the one to go on with.
 */
async function checkBoth(
  ground: Ground,
  spare: Spare,
  acknowledged: number,
  { random, stage, sum }: Work,
): Promise<Ground> {
  await spare.disk.mount();
  const lineage = ground.lineage.branch(join(spare.disk.path, 'data'), acknowledged);
  const remains = { ...spare, lineage };
  sum.add({ struck: 1, ...(await lineage.check()) });
  if (sum.problems.length === 0) {
    const { problems } = await ground.lineage.check();
    sum.add({ problems });
  }
  if (random.chance(0.7)) return remains;
  await leave(remains, stage);
  return ground;
}

async function leave({ folder, disk }: Ground, stage: Stage): Promise<void> {
  await disk.close();
  await stage.remove(folder);
}
