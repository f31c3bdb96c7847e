/** What a simulated world is made of: the parts, and the workload that is put on them. */
import type { Algorithm, NodeId, Random, Runtime, Storage } from '@quorate/core';
import type { EngineRules, Observer, WatchedGroup } from '@quorate/core/checks';
import type { FileSystem } from '@quorate/files';
import type { Workload } from './workloads/workload.ts';

/** An algorithm with what is known of it: what it may be given, and what it promises. */
export interface SimulatedAlgorithm {
  readonly name: string;
  /** Makes one for all nodes of a run, with options out of the generator, within its own limits. */
  draw(random: Random): DrawnAlgorithm;
}

/** An algorithm with its options. */
export interface DrawnAlgorithm {
  readonly algorithm: Algorithm<unknown>;
  readonly rules: EngineRules;
  /** The checks of what it alone promises. @default none */
  readonly checks?: (group: WatchedGroup<unknown>) => readonly Observer<unknown>[];
  /** The usual time after which somebody else is elected, ms: faults last by it. */
  readonly electionTimeoutMs: number;
  /** How far clocks may drift apart before its leases mean nothing; 0: it reads under no lease. */
  readonly maxClockDrift: number;
  /** Bound of the log that its engine keeps in memory, in bytes. @default Infinity */
  readonly maxTailBytes?: number;
  /** The same without what the engine was not yet told to be durable. @default maxTailBytes */
  readonly maxDurableTailBytes?: number;
}

/** Makes the storage of a node. */
export type MakeStorage = (place: {
  /** The disk of this node. */
  readonly files: FileSystem;
  readonly directory: string;
  readonly runtime: Runtime;
  readonly random: Random;
}) => Storage;

/** The parts of a world. */
export interface WorldParts<Command, Result, Query, Answer> {
  readonly algorithm: SimulatedAlgorithm;
  readonly storage: MakeStorage;
  readonly workload: Workload<Command, Result, Query, Answer>;
}

/** Names of nodes, in the order in which they are used. */
export const nodeNames: readonly NodeId[] = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8', 'n9'];
