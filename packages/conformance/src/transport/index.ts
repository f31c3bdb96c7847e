/**
 * The suite that every transport must pass.
 *
 * It knows nothing but the port, and expects no more than the port promises, with one addition:
 * between connected nodes that stay within their bounds, on a network without faults, every frame
 * arrives once. Nothing is said about order.
 */
import { clusterTests } from './clusters.ts';
import { deliveryTests } from './delivery.ts';
import { lifecycleTests } from './lifecycle.ts';
import { limitTests } from './limits.ts';
import { peerTests } from './peers.ts';
import { type TransportSuiteOptions, type TransportTests, World } from './world.ts';

export type { TestFramework } from '../framework.ts';
export { clusterNames, nodeNames } from './world.ts';
export type {
  HarnessTransportOptions,
  TransportFeature,
  TransportHarness,
  TransportSuiteOptions,
} from './world.ts';

/** Registers the suite. */
export function transportSuite(options: TransportSuiteOptions): void {
  const { framework, without = [], patienceMs = 15_000 } = options;
  const tests: TransportTests = {
    test: (name, body, needs = []) => {
      if (needs.some((feature) => without.includes(feature))) return;
      framework.it(name, async () => {
        const world = new World(await options.create(), patienceMs);
        try {
          await body(world);
          world.checkHeldFrames();
        } finally {
          await world.close();
        }
      });
    },
  };
  const groups = {
    delivery: deliveryTests,
    limits: limitTests,
    peers: peerTests,
    clusters: clusterTests,
    lifecycle: lifecycleTests,
  };
  framework.describe(options.name, () => {
    for (const [name, register] of Object.entries(groups)) {
      framework.describe(name, () => {
        register(tests);
      });
    }
  });
}
