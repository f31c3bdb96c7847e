/**
 * The whole service: three nodes under load, and the disk of one fails. That one ends with a clear
 * message, the others go on, and after a restart it catches up.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '@quorate/core';
import type { Ended } from '../kernel/child.ts';
import { whyNot } from '../kernel/means.ts';
import { straceOf, strikesIn } from '../kernel/strace.ts';
import { eventually } from '../service/eventually.ts';
import { agree, type Group, startGroup } from '../service/group.ts';
import type { KvNode } from '../service/kv-node.ts';
import { Load } from '../service/load.ts';
import { storagesOfService } from '../service/storages.ts';
import { brief, describe } from '../text.ts';
import { type Problem, type RoundContext, type Scenario, Sum } from './scenario.ts';

/** How long a node may live on under load with a disk that fails at some time. */
const failsWithinMs = 90_000;
const goesOnMs = 20_000;
const kibibyte = 1024;

export const node: Scenario = {
  summary: 'the service: the disk of one of three nodes fails under load',
  rounds: 3,
  whyNot: async ({ stage, storage }) => {
    const offered = await storagesOfService(stage);
    if (!offered.includes(storage)) return `quorate-kv offers ${offered.join(', ')}`;
    return whyNot('strace', stage);
  },
  begin: async (context) => {
    let group: Group | undefined;
    return {
      round: async (roundContext) => {
        const sum = new Sum();
        try {
          group ??= await startGroup(context);
          await failOne(group, roundContext, sum);
        } catch (error) {
          sum.add({ problems: [{ kind: 'stuck', message: describe(error) }] });
        }
        if (sum.problems.length > 0) {
          for (const each of group?.nodes ?? []) await each.kill();
          group = undefined;
        }
        return sum;
      },
    };
  },
};

async function failOne(group: Group, context: RoundContext, sum: Sum): Promise<void> {
  const { random, stage, note } = context;
  const { nodes, disk } = group;
  // Only the last one has a disk that can be full.
  const fills = disk !== undefined && random.chance(0.4);
  const victim = fills ? nodes.at(-1) : random.pick(nodes);
  if (victim === undefined) return;
  const others = nodes.filter((each) => each !== victim);
  const load = new Load({
    endpoints: nodes.map(({ url }) => url),
    prefix: `round-${random.below(2 ** 31)}`,
    clients: 8,
    valueBytes: fills ? 64 * kibibyte : 100 + random.below(2 * kibibyte),
  });
  try {
    const log = join(await stage.folder(), 'strace.log');
    if (fills) await disk.squeeze(random.below(4 * kibibyte * kibibyte));
    else await restartBehindStrace(victim, random, log);
    const ended = await victim.ended(failsWithinMs);
    stage.checkpoint();
    if (!fills && strikesIn(await readFile(log, 'utf8').catch(() => '')).count === 0) {
      sum.add({ problems: [{ kind: 'stuck', message: `${victim.place.name} never synced` }] });
      return;
    }
    sum.add({ struck: 1 });
    if (ended === undefined) {
      sum.add({ problems: [{ kind: 'unnoticed', message: `${victim.place.name} lives on` }] });
      return;
    }
    note(`${victim.place.name} ended with ${String(ended.code)}: ${brief(ended.stderr, 200)}`);
    sum.add({ refused: 1, problems: problemsOf(ended) });
    const before = load.acknowledged;
    await eventually('the others go on', goesOnMs, async () => load.acknowledged > before + 20);
    if (fills) await disk.relax();
    victim.start();
    await victim.serves();
  } finally {
    await load.end();
    sum.add({ acknowledged: load.acknowledged });
    await disk?.relax();
  }
  await agree(nodes);
  for (const each of [victim, ...others]) {
    const wrong = [
      ...(await load.verify(each.url, 'local')),
      ...(await load.verify(each.url, 'linearizable')),
    ];
    if (wrong.length === 0) continue;
    const message = `at ${each.place.name}: ${brief(wrong.join('; '))}`;
    sum.add({ problems: [{ kind: 'lost', message }] });
  }
}

async function restartBehindStrace(victim: KvNode, random: Random, log: string): Promise<void> {
  await victim.stop();
  const injection = {
    calls: ['fdatasync', 'pwrite64', 'pwritev', 'pwritev2'],
    effect: { error: random.chance(0.7) ? 'EIO' : 'ENOSPC' },
    nth: 1 + random.below(40),
    everAfter: random.chance(0.3),
    paths: [],
  };
  victim.start(straceOf(injection, log));
}

function problemsOf({ code, stderr }: Ended): readonly Problem[] {
  const problems: Problem[] = [];
  if (code === 0 || code === null) {
    problems.push({ kind: 'unnoticed', message: `it ended with ${String(code)}` });
  }
  if (!stderr.includes('STORAGE_FAILED')) {
    problems.push({ kind: 'refused', message: `it does not say STORAGE_FAILED: ${brief(stderr)}` });
  }
  return problems;
}
