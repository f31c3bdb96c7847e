/** Services that take turns: ours with each algorithm, and etcd where it is installed. */
import { spawnSync } from 'node:child_process';
import type { Service } from '../load/connection.ts';
import type { Arrival, LoadOrder } from '../load/generate.ts';
import type { Measurement } from '../results/measurement.ts';
import type { Comparison, Entrant } from '../results/row.ts';
import { Cluster, type Node } from '../services/cluster.ts';
import { onPath } from '../services/dies-with-parent.ts';
import { type Elections, etcd } from '../services/etcd.ts';
import type { Program } from '../services/program.ts';
import { quorateKv } from '../services/quorate.ts';
import { DisturbedError } from '../subjects/subject.ts';
import type { WorkerProcess } from '../workers/worker-process.ts';
import type { Context, Shape } from './bench.ts';
import { warmUpShare } from './replicas.ts';

/** What our programs are loaded by. */
const ownClient = '@quorate/client';

/** A service with its load generator. */
export interface Team extends Entrant {
  readonly name: string;
  readonly cluster: Cluster;
  /** A process of its own, which lives as long as the service: it is as warm as that. */
  readonly generator: WorkerProcess;
}

/** What is put on a service, as far as it differs. */
export interface Load {
  readonly shape: Shape;
  readonly arrival: Arrival;
  readonly operation?: LoadOrder['operation'];
  readonly consistency?: LoadOrder['consistency'];
  readonly valueBytes?: number;
  /** @default how long everything takes */
  readonly seconds?: number;
  /** Whether it is to be measured again where another node led in the end. @default true */
  readonly steady?: boolean;
  /** Which of its nodes are asked, and how. @default all of them */
  readonly service?: Service;
}

/**
 * The program of the peer where there is one.
 *
 * @param elections its time-outs. @default its own
 */
export function peerOf(
  { settings, progress }: Context,
  elections?: Elections,
): Program | undefined {
  if (settings.etcd === undefined) return undefined;
  const file = onPath(settings.etcd);
  if (file === undefined) {
    progress(`${settings.etcd} is not on this machine: without it`);
    return undefined;
  }
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8' });
  const generator = settings.etcdLoad ?? 'raw HTTP/2';
  progress(`against ${stdout.split('\n', 1)[0] ?? file}, closed loops by ${generator}`);
  return etcd(file, elections);
}

/** Starts all of them, one after the other. They stay up for all rounds, and are paused while another works. */
export async function startTeams(
  context: Context,
  elections?: Elections,
): Promise<readonly Team[]> {
  const { settings } = context;
  const peer = peerOf(context, elections);
  const programs = [...settings.algorithms.map(quorateKv), ...(peer === undefined ? [] : [peer])];
  const teams: Team[] = [];
  for (const program of programs) teams.push(await startTeam(context, program));
  return teams;
}

/** Starts one. */
export async function startTeam(
  context: Context,
  program: Program,
  members: number = context.settings.members[0] ?? 1,
): Promise<Team> {
  const { stage, progress } = context;
  const { name } = program;
  progress(`${name} of ${members}: starting`);
  const cluster = await Cluster.start(context, program, members);
  const { worker: generator } = await stage.worker({ kind: 'load' });
  return { name, algorithm: name, cluster, generator };
}

/** Writes all keys, one service after the other. */
export async function fillAll(
  { settings, progress }: Context,
  teams: readonly Team[],
): Promise<void> {
  for (const team of teams) {
    progress(`${team.name}: writing ${settings.keys} keys`);
    await takeTurn(team, teams);
    await team.generator.fillKeys(team.cluster.service(), settings);
  }
}

/** Has one of them alone work. @returns its leader */
export async function takeTurn(team: Team, teams: readonly Team[]): Promise<Node> {
  for (const other of teams) if (other !== team) other.cluster.pause();
  await team.cluster.resume();
  return team.cluster.leader();
}

/** What puts the load on it: the program in Go knows closed loops alone. */
export function clientOf(context: Context, { cluster }: Team, arrival: Arrival): string {
  if (cluster.program.kind === 'quorate') return ownClient;
  return programFor(context, arrival) === undefined ? 'http2' : 'etcd-load';
}

/**
 * Puts load on one of them.
 *
 * @param teams all of them: those that wait are looked at too.
 * @throws DisturbedError if a leader was elected meanwhile.
 */
export async function measureLoad(
  context: Context,
  team: Team,
  teams: readonly Team[],
  load: Load,
): Promise<Measurement> {
  const { settings } = context;
  const { cluster, generator } = team;
  const seconds = load.seconds ?? settings.seconds;
  const others = teams.filter((other) => other !== team);
  await takeTurn(team, teams);
  const { epoch } = cluster;
  const order: LoadOrder = {
    service: load.service ?? cluster.service(),
    ...load.shape,
    ...{ seconds, warmUpSeconds: seconds * warmUpShare, arrival: load.arrival },
    operation: load.operation ?? 'put',
    consistency: load.consistency ?? 'linearizable',
    valueBytes: load.valueBytes ?? settings.valueBytes,
    keys: settings.keys,
    processes: {
      servers: cluster.processes,
      others: others.flatMap((other) => other.cluster.processes),
    },
  };
  const program = cluster.program.kind === 'etcd' ? programFor(context, load.arrival) : undefined;
  const measurement = await generator.load(order, program);
  await cluster.leader();
  if (cluster.epoch === epoch) return withLost(measurement, 0);
  const disturbed = withLost(measurement, 1);
  if (load.steady === false) return disturbed;
  throw new DisturbedError('leadership did not last', { measurement: disturbed });
}

function withLost(measurement: Measurement, leadersLost: number): Measurement {
  return { ...measurement, figures: { ...measurement.figures, leadersLost } };
}

/** Everybody is compared with the peer, and with the first where there is none. */
export function comparisonsOf(
  teams: readonly Entrant[],
  measures: readonly Comparison['of'][],
): readonly Comparison[] {
  const base = teams.find(({ algorithm }) => algorithm === 'etcd') ?? teams[0];
  const to = base?.name ?? base?.algorithm;
  return to === undefined || to === null ? [] : measures.map((of) => ({ to, of }));
}

function programFor({ settings }: Context, arrival: Arrival): string | undefined {
  return arrival.type === 'closed' ? settings.etcdLoad : undefined;
}
