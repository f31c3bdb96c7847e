/** etcd, with the options that everybody gets, but for elections. */
import { electionMs } from './quorate.ts';
import { ask, fieldOf, type Program } from './program.ts';

/** More than any benchmark writes; by itself it stops at 2 GiB of history. */
const quotaBytes = 8 * 1024 ** 3;

/** @param file the program. */
export function etcd(file: string): Program {
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
        ...['--heartbeat-interval', String(electionMs.heartbeat)],
        ...['--election-timeout', String(electionMs.election)],
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
      return { leads: leader !== undefined && leader === own, follows: leader !== undefined };
    },
  };
}
