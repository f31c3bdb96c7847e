/** etcd, with the options that everybody gets. */
import { ask, fieldOf, type Program } from './program.ts';

/** More than any benchmark writes; by itself it stops at 2 GiB of history. */
const quotaBytes = 8 * 1024 ** 3;

/** Time-outs, in ms. */
export interface Elections {
  readonly election: number;
  readonly heartbeat: number;
}

/**
 * @param file the program.
 * @param elections where they are not to be its own: a second, and 100 ms.
 */
export function etcd(file: string, elections?: Elections): Program {
  return {
    name: 'etcd',
    kind: 'etcd',
    commandLine: ({ name, directory, peer, client }, all) => ({
      words: [
        ...[file, '--name', name, '--data-dir', directory],
        ...['--listen-peer-urls', `http://${peer}`],
        ...['--initial-advertise-peer-urls', `http://${peer}`],
        ...[
          '--listen-client-urls',
          `http://${client}`,
          '--advertise-client-urls',
          `http://${client}`,
        ],
        '--initial-cluster',
        all.map((place) => `${place.name}=http://${place.peer}`).join(','),
        ...['--initial-cluster-state', 'new', '--initial-cluster-token', 'benchmark'],
        ...(elections === undefined ? [] : ['--heartbeat-interval', String(elections.heartbeat)]),
        ...(elections === undefined ? [] : ['--election-timeout', String(elections.election)]),
        ...['--quota-backend-bytes', String(quotaBytes)],
        ...['--logger', 'zap', '--log-outputs', 'stderr', '--log-level', 'error'],
      ],
      supervised: false,
    }),
    async look({ client }) {
      const status = await ask(`http://${client}/v3/maintenance/status`, {
        method: 'POST',
        body: '{}',
      });
      if (status === undefined) return undefined;
      const leader = fieldOf(status, 'leader');
      const own = fieldOf(fieldOf(status, 'header'), 'member_id');
      // Without a leader the field is not there.
      return {
        leads: leader !== undefined && leader === own,
        follows: leader !== undefined,
        epoch: JSON.stringify(fieldOf(status, 'raftTerm')),
      };
    },
  };
}
