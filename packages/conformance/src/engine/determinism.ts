/**
 * The same inputs give the same effects, byte for byte: no clock but `now`, no randomness but the
 * generator that was handed in, no order that depends on anything else.
 */
import { check, equal } from '../check.ts';
import { type EngineTests, forSeeds } from './scene.ts';
import { Trace } from './world/index.ts';

export function determinismTests<Message>(tests: EngineTests<Message>): void {
  const { electionTimeoutMs } = tests;

  const run = (seed: number, clusterSeed: number): number => {
    const trace = new Trace();
    tests.swarm(seed, { runMs: 8 * electionTimeoutMs, clusterSeed, trace }).rage();
    return trace.hash;
  };

  tests.test('the same seed gives the same inputs and effects, byte for byte', () => {
    forSeeds(5, (seed) => {
      equal(run(seed, seed), run(seed, seed), 'the checksum over all inputs and effects');
    });
  });

  tests.test('another seed gives others', () => {
    check(run(1, 1) !== run(1, 2), 'two seeds make one run');
  });
}
