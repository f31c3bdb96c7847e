/** What can be said on the command line. Nothing is started before all of it makes sense. */
import { tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultLimits } from '@quorate/log';
import { algorithmNames } from './algorithms.ts';
import { benchmarks } from './benchmarks.ts';
import {
  chosen,
  endpointsOf,
  listOf,
  maxClients,
  numberOf,
  oneOf,
  paceOf,
  shapeOf,
  shapeOfTwo,
  UsageError,
  wholeOf,
} from './option-values.ts';
import type { Benchmark, Settings, Shape } from './runs/bench.ts';

/** What was asked for. */
export type Order =
  | { readonly type: 'help' }
  | {
      readonly type: 'run';
      readonly name: string;
      readonly benchmark: Benchmark;
      readonly settings: Settings;
      readonly json: boolean;
      /** File for the plot. */
      readonly svg: string | undefined;
    };

const maxSeconds = 24 * 3600;
const maxRounds = 1000;
const maxValueBytes = 1024 * 1024 - 1024;
const maxEntries = 100_000_000;
const mebibyte = 1024 * 1024;
const maxMiB = 1024 * 1024;
const maxPerSecond = 10_000_000;
const maxMembers = 9;

const defaults = {
  seconds: 2,
  rounds: 5,
  'value-bytes': '256',
  entries: '1000000',
  'state-mib': '1024',
  keys: '100000',
  members: [3],
  'value-sizes': '16,256,4096,65536',
  operation: 'put',
  consistency: 'linearizable',
  etcd: 'etcd',
};

const defaultPaceMiB = defaultLimits.snapshotBytesPerSecond / mebibyte;

/** Printed for `--help`. */
export const help: string = `bench NAME [options]

${[...benchmarks].map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --seconds N       of each measurement (${defaults.seconds}; ${listByBenchmark(({ defaults: own }) => (own?.seconds === undefined ? [] : [own.seconds]))})
  --rounds N        interleaved rounds (${defaults.rounds}; ${listByBenchmark(({ defaults: own }) => (own?.rounds === undefined ? [] : [own.rounds]))})
  --windows N,…     commands in flight, or entries of one write (${listByBenchmark(({ windows }) => windows)})
  --value-bytes N   size of a command, an entry or a value (${defaults['value-bytes']})
  --algorithms A,…  of ${algorithmNames.join(', ')}; the first is what the others are compared with
  --storage S,…     ${listByBenchmark(({ storages }) => storages?.known ?? [])}
  --variants V,…    ${listByBenchmark(({ variants }) => variants)}
  --shapes CxN,…    connections and clients (${listByBenchmark(({ shapes }) => (shapes ?? []).map(textOf))})
  --connections N, --clients N   one shape alone
  --keys N          different keys of load on a service (${defaults.keys})
  --etcd PROGRAM    the peer of cluster, read and failover; none: without it (${defaults.etcd}, where installed)
  --etcd-load PATH  program that puts load on it, see README; without it raw HTTP/2 does
  --entries N       storage, recover: in the log before it is measured (${defaults.entries})
  --state-mib N     snapshot: size of the machine's state (${defaults['state-mib']})
  --paces N,…       snapshot: MiB a second that it may take, or unlimited (${defaultPaceMiB}, as in @quorate/log)
  --members N,…     nodes of a service, and in scale several numbers of them (3; scale: 3, 5, 7)
  --value-sizes N,… scale: bytes of values (${defaults['value-sizes']})
  --rate N          failover, load: commands a second, whatever becomes of them (${listByBenchmark(({ defaults: own }) => (own?.perSecond === undefined ? [] : [own.perSecond]))}; load: as many as are answered)
  --endpoints LIST  load: where the nodes serve clients, HOST:PORT,…
  --operation O     load: put or read (${defaults.operation})
  --consistency C   load: linearizable, lease or local, of reads (${defaults.consistency})
  --no-floors       without what disk and network do, before and after
  --directory DIR   where what is durable lies, on the disk to be measured (${tmpdir()})
  --json            one line of JSON a row instead of a table
  --svg FILE        a plot as well
`;

/** What differs from one benchmark to the next, for those to which it applies. */
function listByBenchmark(of: (benchmark: Benchmark) => readonly (string | number)[]): string {
  const lists = [...benchmarks].map(
    ([name, benchmark]) => [name, of(benchmark).join(', ')] as const,
  );
  return lists.flatMap(([name, list]) => (list === '' ? [] : [`${name}: ${list}`])).join('; ');
}

/** @throws UsageError for anything else than a benchmark with options that it can work with. */
export function parse(words: readonly string[]): Order {
  const { values, positionals } = parsed(words);
  if (values.help === true) return { type: 'help' };
  const [name, ...more] = positionals;
  const benchmark = name === undefined ? undefined : benchmarks.get(name);
  if (name === undefined || benchmark === undefined || more.length > 0) {
    throw new UsageError(`name one benchmark: ${[...benchmarks.keys()].join(', ')}`);
  }
  const settings = settingsOf(name, benchmark, values);
  const missing = benchmark.missing?.(settings);
  if (missing !== undefined) throw new UsageError(`${name} ${missing}`);
  return { type: 'run', name, benchmark, json: values.json, svg: values.svg, settings };
}

type Values = ReturnType<typeof read>['values'];

function settingsOf(name: string, benchmark: Benchmark, values: Values): Settings {
  const own = benchmark.defaults;
  return {
    seconds:
      values.seconds === undefined
        ? (own?.seconds ?? defaults.seconds)
        : numberOf('--seconds', values.seconds, 0.01, maxSeconds),
    rounds:
      values.rounds === undefined
        ? (own?.rounds ?? defaults.rounds)
        : wholeOf('--rounds', values.rounds, maxRounds),
    windows:
      listOf(values.windows)?.map((text) => wholeOf('--windows', text, maxClients)) ??
      benchmark.windows,
    valueBytes: wholeOf('--value-bytes', values['value-bytes'], maxValueBytes),
    algorithms: chosen('--algorithms', values.algorithms, algorithmNames),
    storages: storagesOf(name, benchmark, values.storage),
    variants: chosen('--variants', values.variants, benchmark.variants),
    shapes: shapesOf(name, benchmark, values),
    keys: wholeOf('--keys', values.keys, maxEntries),
    etcd: values.etcd === 'none' ? undefined : values.etcd,
    etcdLoad: values['etcd-load'] === undefined ? undefined : resolve(values['etcd-load']),
    entries: wholeOf('--entries', values.entries, maxEntries),
    stateMiB: wholeOf('--state-mib', values['state-mib'], maxMiB),
    pacesMiB: listOf(values.paces)?.map(paceOf) ?? [paceOrNone(defaultPaceMiB)],
    members:
      listOf(values.members)?.map((text) => wholeOf('--members', text, maxMembers)) ??
      own?.members ??
      defaults.members,
    valueSizes: values['value-sizes']
      .split(',')
      .map((text) => wholeOf('--value-sizes', text, maxValueBytes)),
    perSecond:
      values.rate === undefined
        ? own?.perSecond
        : numberOf('--rate', values.rate, 0.1, maxPerSecond),
    endpoints: values.endpoints === undefined ? [] : endpointsOf(values.endpoints),
    operation: oneOf('--operation', values.operation, ['put', 'read']),
    consistency: oneOf('--consistency', values.consistency, ['linearizable', 'lease', 'local']),
    floors: !values['no-floors'] && benchmark.floors !== false,
    directory: resolve(values.directory),
  };
}

function parsed(words: readonly string[]): ReturnType<typeof read> {
  try {
    return read(words);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function read(words: readonly string[]) {
  return parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h' },
      seconds: { type: 'string' },
      rounds: { type: 'string' },
      windows: { type: 'string' },
      'value-bytes': { type: 'string', default: defaults['value-bytes'] },
      algorithms: { type: 'string' },
      storage: { type: 'string' },
      variants: { type: 'string' },
      shapes: { type: 'string' },
      connections: { type: 'string' },
      clients: { type: 'string' },
      keys: { type: 'string', default: defaults.keys },
      etcd: { type: 'string', default: defaults.etcd },
      'etcd-load': { type: 'string' },
      entries: { type: 'string', default: defaults.entries },
      'state-mib': { type: 'string', default: defaults['state-mib'] },
      paces: { type: 'string' },
      members: { type: 'string' },
      'value-sizes': { type: 'string', default: defaults['value-sizes'] },
      rate: { type: 'string' },
      endpoints: { type: 'string' },
      operation: { type: 'string', default: defaults.operation },
      consistency: { type: 'string', default: defaults.consistency },
      directory: { type: 'string', default: tmpdir() },
      'no-floors': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      svg: { type: 'string' },
    },
  });
}

/** JSON, in which it is told to other processes, has no infinity. */
function paceOrNone(mib: number): number | null {
  return Number.isFinite(mib) ? mib : null;
}

function shapesOf(name: string, { shapes }: Benchmark, values: Values): readonly Shape[] {
  const { connections, clients } = values;
  const isNamed = connections !== undefined || clients !== undefined;
  const [usual] = shapes ?? [];
  if (shapes === undefined || usual === undefined) {
    if (!isNamed && values.shapes === undefined) return [];
    throw new UsageError(`${name} has no connections to choose`);
  }
  if (!isNamed) return listOf(values.shapes)?.map(shapeOf) ?? shapes;
  if (values.shapes !== undefined) {
    throw new UsageError('--shapes and --connections or --clients exclude each other');
  }
  return [shapeOfTwo(connections ?? String(usual.connections), clients ?? String(usual.clients))];
}

function textOf({ connections, clients }: Shape): string {
  return `${connections}x${clients}`;
}

function storagesOf(
  name: string,
  { storages }: Benchmark,
  text: string | undefined,
): readonly string[] {
  if (storages === undefined) {
    if (text === undefined) return [];
    throw new UsageError(`${name} has no storage to choose`);
  }
  return text === undefined ? storages.usual : chosen('--storage', text, storages.known);
}
