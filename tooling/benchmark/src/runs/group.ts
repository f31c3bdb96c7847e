/**
 * `group`: three replicas in one process, storage and network in memory.
 *
 * - `promise`: each command by an `execute` of its own.
 * - `batch`: as many in flight, but up to 64 of them by one `executeAll`, and so by one promise.
 */
import type { Benchmark } from './bench.ts';
import { type Group, startMemoryGroup } from './replicas.ts';
import { interleave, type Match } from './rounds.ts';

const variants = ['promise', 'batch'] as const;
const mostOfCall = 64;

/** The benchmark. */
export const group: Benchmark = {
  summary: 'three replicas in one process, memory only: execute, and executeAll',
  variants,
  windows: [1, 16, 256, 1024],
  async run(context) {
    const { settings } = context;
    const groups: { readonly algorithm: string; readonly group: Group }[] = [];
    for (const algorithm of settings.algorithms) {
      groups.push({ algorithm, group: await startMemoryGroup(context, algorithm) });
    }
    const matches = settings.windows.map(
      (clients): Match => ({
        subject: {
          ...{ bench: 'group', variant: 'promise', operation: 'execute', connections: 0, clients },
          valueBytes: settings.valueBytes,
        },
        contestants: groups.flatMap(({ algorithm, group: own }) =>
          variants
            .filter((variant) => settings.variants.includes(variant))
            .map((variant) => ({
              algorithm,
              name: variant === 'promise' ? algorithm : `${algorithm} in batches`,
              row: { variant, operation: variant === 'promise' ? 'execute' : 'executeAll' },
              measure: () =>
                own.measure(
                  clients,
                  variant === 'promise' ? {} : { commandsPerCall: Math.min(clients, mostOfCall) },
                ),
            })),
        ),
      }),
    );
    return interleave(matches, context);
  },
};
