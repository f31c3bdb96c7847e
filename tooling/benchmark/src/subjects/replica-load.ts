/** Load on the replica that leads, handed in by the process that it lives in. */
import type { Measurement } from '../results/measurement.ts';
import type { Replica } from '@quorate/replica';
import { closedLoop, type LoopTask, type Span } from './closed-loop.ts';
import { DisturbedError } from './subject.ts';
import { countFrom, type Tally } from './tally.ts';

/** A replica of the counting machine. */
export type CountingReplica = Replica<Uint8Array, number, undefined, number>;

/** What the replica itself does not count. */
export interface PartCounts {
  readonly syncs: number;
  readonly socketWrites?: number;
}

/** Under which conditions, and for how long. */
export interface Conditions {
  /** What has to be so at the beginning and at the end. @default leads */
  readonly fair?: (replica: CountingReplica) => boolean;
  /** @default as long as the task says */
  readonly span?: Span;
}

/** Whether it leads, and all its peers answer. */
export function leads(replica: CountingReplica): boolean {
  const { peers, membership } = replica.status;
  return (
    isLeader(replica) &&
    peers.length === membership.voters.length - 1 &&
    peers.every(({ active }) => active)
  );
}

/** Whether it leads, whoever answers. */
export function isLeader(replica: CountingReplica): boolean {
  return replica.status.role === 'leader';
}

/**
 * Measures commands of `valueBytes` through `execute`, or through `executeAll` where a call has several.
 *
 * @throws DisturbedError if leadership did not last.
 */
export async function measureExecute(
  replica: CountingReplica,
  valueBytes: number,
  task: LoopTask,
  parts: () => PartCounts,
  { fair = leads, span }: Conditions = {},
): Promise<Measurement> {
  const command = new Uint8Array(valueBytes).fill(0x78);
  const { commandsPerCall } = task;
  const commands = new Array<Uint8Array>(commandsPerCall ?? 0).fill(command);
  const execute = (): Promise<unknown> =>
    commandsPerCall === undefined ? replica.execute(command) : replica.executeAll(commands);
  const { epoch } = replica.status;
  const tally = (): Tally => {
    const { counters } = replica;
    const count = (name: string): number => counters[name] ?? Number.NaN;
    return {
      commands: count('commands_applied'),
      entries: count('entries_applied'),
      frames: count('frames_sent'),
      ...parts(),
    };
  };
  const undisturbed = (): boolean => replica.status.epoch === epoch && fair(replica);
  if (!fair(replica)) throw new DisturbedError('does not lead');
  try {
    const measurement = await closedLoop(execute, task, () => countFrom(tally), span);
    if (undisturbed()) return measurement;
  } catch (cause) {
    if (undisturbed()) throw cause;
    throw new DisturbedError('leadership was lost meanwhile', { cause });
  }
  throw new DisturbedError('leadership did not last');
}
