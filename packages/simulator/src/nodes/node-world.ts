/** What the nodes of a world share, and how they tell of themselves. */
import type { Algorithm } from '@quorate/core';
import type { Observer } from '@quorate/core/checks';
import type { LogLimits } from '@quorate/log';
import type { ReplicaLimits } from '@quorate/replica';
import type { Sessions } from '../checks/sessions.ts';
import type { States } from '../checks/states.ts';
import type { Range } from '../network/conditions.ts';
import type { Streams } from '../network/links.ts';
import type { Network } from '../network/network.ts';
import type { MakeStorage } from '../options.ts';
import type { Journal } from '../world/journal.ts';
import type { Schedule } from '../world/schedule.ts';
import type { Workload } from '../workloads/workload.ts';
import type { SimulatedNode } from './node.ts';

/** How a node serves clients over links. */
export interface Serving {
  readonly keepAliveMs: number;
}

/** What the nodes of a world share. */
export interface NodeWorld<Command, Result, Query, Answer> {
  readonly algorithm: Algorithm<unknown>;
  readonly makeStorage: MakeStorage;
  readonly workload: Workload<Command, Result, Query, Answer>;
  readonly schedule: Schedule;
  readonly network: Network;
  readonly journal: Journal;
  readonly states: States;
  readonly sessions: Sessions;
  readonly streams: Streams;
  /** `undefined`: nobody comes over links. */
  readonly serving: Serving | undefined;
  /** Those who watch engines. */
  readonly observers: readonly Observer<unknown>[];
  readonly limits: Partial<LogLimits & ReplicaLimits>;
  readonly diskLatencyMs: Range;
  readonly turnMs: Range;
  readonly maxFrameBytes: number;
  /** Runs something that may find a broken rule, which ends the world. */
  guard(check: () => void): void;
  /** Something went wrong that nothing excuses. */
  violated(rule: string): void;
  /** A process ended by itself: somebody has to see to the node. */
  ended(node: SimulatedNode<Command, Result, Query, Answer>): void;
}
