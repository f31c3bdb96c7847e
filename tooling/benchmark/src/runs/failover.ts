/**
 * `failover`: the leader is killed (`kill -9`) while clients write. For how long nothing is acknowledged, and whether
 * everything that was acknowledged is there afterwards; beside etcd with the same time-outs of elections.
 *
 * One measurement is one kill. The node is started again before the next one.
 */
import type { Measurement } from '../results/measurement.ts';
import type { Benchmark, Context, Shape } from './bench.ts';
import { electionMs } from '../services/quorate.ts';
import { interleave } from './rounds.ts';
import { clientOf, comparisonsOf, startTeams, takeTurn, type Team } from './teams.ts';

/** When the leader is killed: there is something before it to be seen. */
const killAfterShare = 0.25;
/** Until everything is settled and has been read back. */
const allowedMs = 180_000;
/** Each of them asks for itself; the schedule is that of all together. */
const shapes: readonly Shape[] = [{ connections: 16, clients: 16 }];

/** The benchmark. */
export const failover: Benchmark = {
  summary: 'kill -9 of the leader under load: time without service, writes lost; against etcd',
  variants: ['leader-killed'],
  windows: [],
  shapes,
  defaults: { seconds: 8, perSecond: 500 },
  missing: ({ members: [members = 0] }) =>
    members >= 3 ? undefined : 'needs --members 3 or more: fewer do not survive the loss of one',
  async run(context) {
    const { settings } = context;
    const teams = await startTeams(context, electionMs);
    let outages = 0;
    const matches = settings.shapes.map((shape) => ({
      subject: {
        ...{ bench: 'failover', variant: 'leader-killed', operation: 'put', ...shape },
        valueBytes: settings.valueBytes,
      },
      contestants: teams.map((team) => ({
        ...{ name: team.name, algorithm: team.algorithm },
        row: { client: clientOf(context, team, { type: 'rate', perSecond: 0 }) },
        measure: () => measureOutage(context, team, teams, shape, `outage-${outages++}-`),
      })),
      comparisons: comparisonsOf(teams, ['outage']),
    }));
    return interleave(matches, context);
  },
};

async function measureOutage(
  { settings, stage }: Context,
  team: Team,
  teams: readonly Team[],
  { connections }: Shape,
  prefix: string,
): Promise<Measurement> {
  const { perSecond = 1, seconds, valueBytes } = settings;
  const { name, cluster } = team;
  const leader = await takeTurn(team, teams);
  const outage = { service: cluster.service(), connections, perSecond, valueBytes, prefix };
  const { worker } = await stage.worker({ kind: 'outage', outage });
  const timer = setTimeout(() => leader.process.kill(), seconds * 1000 * killAfterShare);
  try {
    const task = { clients: connections, seconds, warmUpSeconds: 0 };
    const measurement = await worker.measure(task, allowedMs);
    const { lost } = measurement.figures;
    // Not a row like any other: nothing else that is said of the service would matter.
    if (lost !== 0) throw new Error(`${name} has lost ${String(lost)} writes that it acknowledged`);
    return measurement;
  } finally {
    clearTimeout(timer);
    await worker.close();
    await leader.process.close();
    cluster.restart(leader);
  }
}
