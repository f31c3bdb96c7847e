/** The worlds of this repository: an algorithm, the storage in files, and a workload. */
import { fileStorage } from '@quorate/storage-file';
import type { SimulatedAlgorithm, WorldParts } from '@quorate/simulator';
import { simulatedAlgorithms } from './algorithms.ts';
import { type AnyWorkload, workloads } from './workloads.ts';

/** A world of any machine. */
export type AnyWorld = WorldParts<unknown, unknown, unknown, unknown>;

/** Names of algorithms. */
export const algorithmNames: readonly string[] = simulatedAlgorithms.map(({ name }) => name);

/** Names of workloads. */
export const workloadNames: readonly string[] = [...workloads.keys()];

/** The algorithm with this name. */
export function algorithmOf(name: string): SimulatedAlgorithm {
  const found = simulatedAlgorithms.find((algorithm) => algorithm.name === name);
  if (found === undefined) throw new Error(`no algorithm ${name}`);
  return found;
}

/** Small segments, so that a run goes through many. */
const segmentBytes = 32 * 1024;

/**
 * The world of a seed.
 *
 * @param workload its name; `undefined`: the seed decides.
 */
export function worldOf(algorithm: string, seed: number, workload: string | undefined): AnyWorld {
  const name = workload ?? workloadNames[seed % workloadNames.length] ?? '';
  const make: (() => AnyWorkload) | undefined = workloads.get(name);
  if (make === undefined) throw new Error(`no workload ${name}`);
  return {
    algorithm: algorithmOf(algorithm),
    workload: make(),
    storage: ({ files, directory, runtime }) =>
      fileStorage({ files, directory, runtime, segmentBytes, maxSpareSegments: 1 }),
  };
}
