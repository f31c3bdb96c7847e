/**
 * The knobs of the engine, their defaults and their bounds.
 */
import { crc32, InvalidArgumentError, utf8 } from '@quorate/core';
import { type EngineOptions, type EngineSettings, engineSettingsOf } from '@quorate/core/engines';
import { majority, type QuorumSystem } from './quorums.ts';

/** Where linearizable reads are confirmed. */
export type ReadPolicy =
  /** By the leader, which asks a phase-2 quorum whether it still leads (read index). */
  | 'leader'
  /**
   * By whoever is asked: it asks a phase-1 quorum for the highest slot that anybody there has accepted,
   * and answers once it has applied that far (Charapko, Ailijiang and Demirbas, "Linearizable Quorum
   * Reads in Paxos", 2019). Takes load off the leader, at the price of waiting for what is under way.
   */
  | 'quorum';

/** Options of {@link paxos}; `window` and `quorums` must be equal on all nodes of a group. */
export interface PaxosOptions extends EngineOptions {
  /**
   * Slots that may be under way at once: α of "Paxos Made Simple", section 3. Slot *i* + α is proposed
   * only once slot *i* is chosen; a membership chosen in slot *i* governs from slot *i* + α on. Equal
   * on all nodes, and fixed with the first start of a group.
   *
   * @default 64
   */
  readonly window?: number;
  /**
   * Which acceptors are enough. Equal on all nodes, and fixed with the first start of a group.
   *
   * @default majority()
   */
  readonly quorums?: QuorumSystem;
  /**
   * Where linearizable reads are confirmed.
   *
   * @default 'leader'
   */
  readonly reads?: ReadPolicy;
}

/** Options with nothing left open. */
export interface PaxosSettings extends EngineSettings {
  readonly window: number;
  readonly quorums: QuorumSystem;
  readonly reads: ReadPolicy;
  /** Names what must be equal on all nodes; travels with every message that safety rests on. */
  readonly agreement: number;
}

/** Largest {@link PaxosOptions.window}: a new leader fills so many slots. */
const maxWindow = 4096;

/**
 * Fills in the defaults.
 *
 * @throws InvalidArgumentError if an option can never work.
 */
export function settingsOf(options: PaxosOptions): PaxosSettings {
  const { window = 64 } = options;
  if (!Number.isInteger(window) || window < 1 || window > maxWindow) {
    throw new InvalidArgumentError(
      `window is a whole number of slots from 1 to ${String(maxWindow)}, got ${String(window)}`,
    );
  }
  const reads: string = options.reads ?? 'leader';
  if (reads !== 'leader' && reads !== 'quorum') {
    throw new InvalidArgumentError(`reads is 'leader' or 'quorum', got ${JSON.stringify(reads)}`);
  }
  const quorums = options.quorums ?? majority();
  const agreement = crc32(utf8(`${String(window)} ${quorums.name}`));
  return { ...engineSettingsOf(options), window, quorums, reads, agreement };
}
