/**
 * `soak`: half of what it could do, for long. Four quarters, one after the other without a pause, each compared with
 * the first one: what grows or slows down shows.
 */
import { watchVitals } from '../services/vitals.ts';
import { quorateKv } from '../services/quorate.ts';
import type { Row } from '../results/row.ts';
import type { Benchmark, Context } from './bench.ts';
import { usualShape } from './cluster.ts';
import { interleave, type Match } from './rounds.ts';
import { clientOf, measureLoad, startTeam, type Team } from './teams.ts';

const quarters = ['first quarter', 'second quarter', 'third quarter', 'fourth quarter'] as const;
const [first] = quarters;
const share = 0.5;
/** The peak is measured for so much of a quarter. */
const peakShare = 0.1;
/** Looks at the nodes in a quarter; each costs them a few milliseconds. */
const looks = 30;
const leastLookMs = 200;

/** The benchmark. */
export const soak: Benchmark = {
  summary: 'half of the peak for ten minutes: memory, delays of the event loop, garbage',
  variants: ['soak'],
  windows: [],
  shapes: [usualShape],
  defaults: { seconds: 600, rounds: 1 },
  async run(context) {
    const { algorithms, shapes } = context.settings;
    const rows: Row[] = [];
    for (const algorithm of algorithms) {
      for (const shape of shapes) {
        const team = await startTeam(context, quorateKv(algorithm));
        rows.push(...(await interleave([await matchOf(context, team, shape)], context)));
        await context.stage.clear();
      }
    }
    return rows;
  },
};

async function matchOf(context: Context, team: Team, shape: typeof usualShape): Promise<Match> {
  const { settings, progress } = context;
  const seconds = settings.seconds / quarters.length;
  const peak = await measureLoad(context, team, [team], {
    ...{ shape, arrival: { type: 'closed' }, seconds: seconds * peakShare },
  });
  const arrival = { type: 'rate', perSecond: peak.operationsPerSecond * share } as const;
  progress(`${team.name}: ${Math.round(arrival.perSecond)} commands a second`);
  const places = team.cluster.nodes.map(({ place }) => place);
  return {
    subject: {
      ...{ bench: 'soak', variant: first, operation: 'put', ...shape },
      valueBytes: settings.valueBytes,
      client: clientOf(context, team, arrival),
    },
    contestants: quarters.map((variant) => ({
      ...{ algorithm: team.algorithm, name: variant, row: { variant } },
      async measure() {
        const vitals = watchVitals(places, Math.max((seconds * 1000) / looks, leastLookMs));
        const load = measureLoad(context, team, [team], { shape, arrival, seconds, steady: false });
        const [measurement, figures] = await Promise.all([load, load.then(vitals, vitals)]);
        return { ...measurement, figures: { ...measurement.figures, ...figures } };
      },
    })),
    comparisons: [{ to: first, of: 'p99' }],
  };
}
