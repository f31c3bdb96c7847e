/**
 * `scale`: what more members and larger values cost. Puts on `quorate-kv`, each number of members a service of its own.
 *
 * - `members`: so many of them.
 * - `values`: the fewest members, and values of so many bytes.
 */
import { quorateKv } from '../services/quorate.ts';
import type { Benchmark, Context } from './bench.ts';
import { usualShape } from './cluster.ts';
import { type Contestant, interleave, type Match, warmUp } from './rounds.ts';
import { clientOf, measureLoad, startTeam, type Team } from './teams.ts';

const variants = ['members', 'values'] as const;
const arrival = { type: 'closed' } as const;

/** The benchmark. */
export const scale: Benchmark = {
  summary: 'quorate-kv with 3, 5, 7 members, and with values of 16 bytes to 64 KiB',
  variants,
  windows: [],
  shapes: [usualShape],
  defaults: { members: [3, 5, 7] },
  async run(context) {
    const { settings } = context;
    const [fewest = 1] = settings.members;
    const wanted = settings.variants.includes('members') ? settings.members : [];
    const sizes = settings.variants.includes('values') ? settings.valueSizes : [];
    const teams: Sized[] = [];
    for (const algorithm of settings.algorithms) {
      for (const members of new Set([fewest, ...wanted])) {
        const team = await startTeam(context, quorateKv(algorithm), members);
        teams.push({ ...team, name: nameOf(algorithm, members), members });
      }
    }
    const matches = settings.shapes.flatMap((shape): readonly Match[] => [
      ...settings.algorithms
        .filter(() => wanted.length > 0)
        .map((algorithm) => ({
          subject: {
            ...{ bench: 'scale', variant: 'members', operation: 'put', ...shape },
            valueBytes: settings.valueBytes,
          },
          contestants: teams
            .filter((team) => team.algorithm === algorithm && wanted.includes(team.members))
            .map((team) => contestantOf(context, team, teams, { shape })),
          comparisons: [{ to: nameOf(algorithm, fewest), of: 'speed' } as const],
        })),
      ...sizes.map((valueBytes) => ({
        subject: {
          ...{ bench: 'scale', variant: 'values', operation: 'put', ...shape, valueBytes },
        },
        contestants: teams
          .filter(({ members }) => members === fewest)
          .map((team) => contestantOf(context, team, teams, { shape, valueBytes })),
      })),
    ]);
    await warmUp(matches, context);
    return interleave(matches, context);
  },
};

interface Sized extends Team {
  readonly members: number;
}

function nameOf(algorithm: string, members: number): string {
  return `${algorithm} of ${members}`;
}

function contestantOf(
  context: Context,
  team: Sized,
  teams: readonly Team[],
  load: Pick<Parameters<typeof measureLoad>[3], 'shape' | 'valueBytes'>,
): Contestant {
  return {
    ...{ name: team.name, algorithm: team.algorithm },
    row: { members: team.members, client: clientOf(context, team, arrival) },
    measure: () => measureLoad(context, team, teams, { ...load, arrival }),
  };
}
