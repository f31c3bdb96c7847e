/**
 * `cluster`: puts on three processes of `quorate-kv`, as its users start it, through `@quorate/client`; beside etcd on
 * the same disk. Load and servers share the machine, for everybody alike.
 *
 * - `closed`: so many clients over so many connections, each of which waits for its last command.
 * - `open-50`, `open-80`: so many percent of what a closed loop over sixteen connections did just before, by a
 *   schedule that waits for nobody.
 */
import type { Arrival } from '../load/generate.ts';
import type { Benchmark, Context, Shape } from './bench.ts';
import { type Contestant, interleave, type Match, warmUp } from './rounds.ts';
import { clientOf, comparisonsOf, fillAll, measureLoad, startTeams, type Team } from './teams.ts';

const shapes: readonly Shape[] = [
  { connections: 1, clients: 1 },
  { connections: 1, clients: 16 },
  { connections: 1, clients: 256 },
  { connections: 1, clients: 1024 },
  { connections: 16, clients: 256 },
  { connections: 100, clients: 1000 },
];

const variants: Readonly<Record<string, Arrival>> = {
  closed: { type: 'closed' },
  'open-50': { type: 'share', ofPeak: 0.5 },
  'open-80': { type: 'share', ofPeak: 0.8 },
};

/** Where one loop is asked for and no shape is named: a service with several that use it. */
export const usualShape: Shape = { connections: 16, clients: 256 };

/** The benchmark. */
export const cluster: Benchmark = {
  summary: 'quorate-kv in three processes, durable, through its client; against etcd',
  variants: Object.keys(variants),
  windows: [],
  shapes,
  async run(context) {
    const teams = await startTeams(context);
    await fillAll(context, teams);
    const matches = context.settings.variants.flatMap((variant): readonly Match[] => {
      const arrival = variants[variant];
      if (arrival === undefined) return [];
      return shapesFor(arrival, context.settings.shapes).map((shape) =>
        matchOf(context, teams, variant, arrival, shape),
      );
    });
    await warmUp(matches, context);
    return interleave(matches, context);
  },
};

/** Open loops have no clients that would make a difference. */
function shapesFor(arrival: Arrival, chosen: readonly Shape[]): readonly Shape[] {
  if (arrival.type === 'closed' || chosen.length === 1) return chosen;
  return [usualShape];
}

function matchOf(
  context: Context,
  teams: readonly Team[],
  variant: string,
  arrival: Arrival,
  shape: Shape,
): Match {
  const { valueBytes } = context.settings;
  return {
    subject: { bench: 'cluster', variant, operation: 'put', ...shape, valueBytes },
    contestants: teams.map(
      (team): Contestant => ({
        ...{ name: team.name, algorithm: team.algorithm },
        row: { client: clientOf(context, team, arrival) },
        measure: () => measureLoad(context, team, teams, { shape, arrival }),
      }),
    ),
    comparisons: comparisonsOf(teams, ['speed', 'p99', 'processor']),
  };
}
