/**
 * `read`: reads of keys that are all there, of each kind; beside those of etcd.
 *
 * - `linearizable`: as everybody asks by default.
 * - `lease`: what the leader knows while its lease lasts. etcd has none, and is asked linearizably.
 * - `local`: what each node has, connections spread over all of them; etcd calls it serializable.
 * - `follower`: linearizable, and all connections go to a node that does not lead.
 */
import type { Consistency } from '@quorate/core';
import type { Benchmark, Context } from './bench.ts';
import { usualShape } from './cluster.ts';
import { type Contestant, interleave, type Match, warmUp } from './rounds.ts';
import {
  clientOf,
  comparisonsOf,
  fillAll,
  type Load,
  measureLoad,
  startTeams,
  takeTurn,
  type Team,
} from './teams.ts';

interface Variant {
  readonly consistency: Consistency;
  readonly asks: 'all' | 'each' | 'follower';
}

const variants: Readonly<Record<string, Variant>> = {
  linearizable: { consistency: 'linearizable', asks: 'all' },
  lease: { consistency: 'lease', asks: 'all' },
  local: { consistency: 'local', asks: 'each' },
  follower: { consistency: 'linearizable', asks: 'follower' },
};

/** The benchmark. */
export const read: Benchmark = {
  summary: 'linearizable, lease, local and follower reads of quorate-kv; against etcd',
  variants: Object.keys(variants),
  windows: [],
  shapes: [usualShape],
  missing: ({ variants: chosen, members: [members = 0] }) =>
    members > 1 || !chosen.includes('follower')
      ? undefined
      : 'needs --members 2 or more for a follower, or other --variants',
  async run(context) {
    const { settings } = context;
    const teams = await startTeams(context);
    await fillAll(context, teams);
    const matches = settings.variants.flatMap((name): readonly Match[] => {
      const variant = variants[name];
      if (variant === undefined) return [];
      return settings.shapes.map((shape) => ({
        subject: {
          ...{ bench: 'read', variant: name, operation: 'read', ...shape },
          valueBytes: settings.valueBytes,
        },
        contestants: teams.map((team) => contestantOf(context, team, teams, variant, { shape })),
        comparisons: comparisonsOf(teams, ['speed', 'p99', 'processor']),
      }));
    });
    await warmUp(matches, context);
    return interleave(matches, context);
  },
};

function contestantOf(
  context: Context,
  team: Team,
  teams: readonly Team[],
  { consistency, asks }: Variant,
  { shape }: Pick<Load, 'shape'>,
): Contestant {
  const arrival = { type: 'closed' } as const;
  const load = { shape, arrival, operation: 'read', consistency } as const;
  return {
    ...{ name: team.name, algorithm: team.algorithm },
    row: { client: clientOf(context, team, arrival) },
    async measure() {
      // Whoever leads is known only once it runs.
      await takeTurn(team, teams);
      const service = await serviceFor(team, asks);
      return measureLoad(context, team, teams, { ...load, service });
    },
  };
}

async function serviceFor(
  { cluster }: Team,
  asks: Variant['asks'],
): Promise<ReturnType<Team['cluster']['service']>> {
  switch (asks) {
    case 'all':
      return cluster.service();
    case 'each':
      return { ...cluster.service(), spread: true };
    case 'follower': {
      const leader = await cluster.leader();
      return cluster.service(cluster.nodes.filter((node) => node !== leader).slice(0, 1));
    }
  }
}
