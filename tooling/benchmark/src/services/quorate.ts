/** `quorate-kv`, as its users start it. */
import { fileURLToPath } from 'node:url';
import { ask, fieldOf, type Program } from './program.ts';

const program = fileURLToPath(new URL('../../../../apps/kv/dist/bin.js', import.meta.url));

/** Everything is at its default but the algorithm: so elections too, see {@link electionMs}. */
export function quorateKv(algorithm: string): Program {
  return {
    name: algorithm,
    kind: 'quorate',
    commandLine: ({ name, directory, http, client }, all) => ({
      words: [
        ...[process.execPath, program, 'serve', '--node', name, '--data', directory],
        ...['--http', http, '--client', client, '--cluster', 'benchmark'],
        ...['--members', all.map((place) => `${place.name}=${place.peer}`).join(',')],
        ...['--algorithm', algorithm, '--storage', 'file', '--log-level', 'error', '--supervised'],
      ],
      supervised: true,
    }),
    async look({ http }) {
      const status = await ask(`http://${http}/v1/status`);
      if (status === undefined) return undefined;
      const leader = fieldOf(status, 'leader');
      return {
        leads: fieldOf(status, 'role') === 'leader',
        follows: typeof leader === 'string',
        epoch: JSON.stringify(fieldOf(status, 'epoch')),
      };
    },
  };
}

/** The time-outs of both algorithms where nobody says otherwise; an election begins after once to twice as much. */
export const electionMs = { election: 500, heartbeat: 100 } as const;
