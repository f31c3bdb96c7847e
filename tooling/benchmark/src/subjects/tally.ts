/** What is counted beside the seconds. Counts tell why one is faster, and are the same on every machine. */
import type { Figures } from '../results/measurement.ts';

/** Counts of the node that leads, since it started. */
export interface Tally {
  readonly commands: number;
  readonly entries: number;
  /** Times that its storage made something durable. */
  readonly syncs: number;
  /** Frames to all peers together. */
  readonly frames: number;
  /** Calls of the system that carried them, where there are any. */
  readonly socketWrites?: number;
}

/** Looks now; what it gives says what happened since. */
export function countFrom(tally: () => Tally): () => Figures {
  const before = tally();
  return () => figuresOf(before, tally());
}

/** What happened between two looks, for each command. */
export function figuresOf(before: Tally, after: Tally): Figures {
  const commands = after.commands - before.commands;
  return {
    syncsPerCommand: (after.syncs - before.syncs) / commands,
    framesPerCommand: (after.frames - before.frames) / commands,
    ...(after.socketWrites === undefined || before.socketWrites === undefined
      ? {}
      : { socketWritesPerCommand: (after.socketWrites - before.socketWrites) / commands }),
    commandsPerEntry: commands / (after.entries - before.entries),
  };
}
