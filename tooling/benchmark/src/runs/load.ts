/** `load`: nothing but the load generator, on a service that runs already. */
import { fillKeys, generate, type LoadOrder } from '../load/generate.ts';
import type { Benchmark } from './bench.ts';
import { usualShape } from './cluster.ts';
import { warmUpShare } from './replicas.ts';
import { interleave } from './rounds.ts';

/** The benchmark. */
export const load: Benchmark = {
  summary: 'puts load on nodes of quorate-kv that run already (--endpoints)',
  variants: ['load'],
  windows: [],
  shapes: [usualShape],
  defaults: { rounds: 1 },
  floors: false,
  missing: ({ endpoints }) =>
    endpoints.length > 0
      ? undefined
      : 'needs --endpoints HOST:PORT,…: what quorate-kv demo --json prints as client',
  async run(context) {
    const { settings, progress } = context;
    const { endpoints, operation, consistency, perSecond, seconds, valueBytes, keys } = settings;
    const service = { kind: 'quorate', endpoints } as const;
    if (operation === 'read') {
      progress(`writing ${keys} keys`);
      await fillKeys(service, settings);
    }
    const matches = settings.shapes.map((shape) => {
      const order: LoadOrder = {
        ...{ service, ...shape, operation, consistency, valueBytes, keys, seconds },
        warmUpSeconds: seconds * warmUpShare,
        arrival: perSecond === undefined ? { type: 'closed' } : { type: 'rate', perSecond },
        processes: { servers: [], others: [] },
      };
      return {
        subject: { bench: 'load', variant: 'load', operation, ...shape, valueBytes },
        contestants: [
          {
            ...{ algorithm: null, name: 'the service', row: { client: '@quorate/client' } },
            measure: () => generate(order),
          },
        ],
      };
    });
    return interleave(matches, context);
  },
};
