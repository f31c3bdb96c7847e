/**
 * Multi-Paxos under everything at once: many seeds, each with faults of its own, all invariants checked after
 * every step, and progress demanded in the end. `QUORATE_SEED` and `QUORATE_SEEDS` choose others.
 */
import { seedTests } from '@quorate/conformance/engine';
import { describe, it } from 'vitest';
import { swarmOf } from './paxos-swarm.ts';

seedTests({
  framework: { describe, it },
  command: 'npx vitest run packages/paxos/test/cluster.test.ts',
  seeds: 10,
  swarm: swarmOf,
  print: (line) => {
    console.log(line);
  },
});
