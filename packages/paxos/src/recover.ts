/**
 * From what the storage holds to the state in which a node starts, or a refusal to guess.
 */
import {
  CorruptError,
  describeError,
  type EngineSetup,
  InvalidArgumentError,
  type LogIndex,
  type Recovered,
} from '@quorate/core';
import { noBallot } from './ballot.ts';
import type { PaxosSettings } from './options.ts';
import { decodeContext, decodeState, type DurableState } from './state.ts';

/** Where a node starts. */
export interface Beginning extends DurableState {
  /** Whether the node has never promised anything. */
  readonly isNew: boolean;
  /** Index of the current snapshot; 0 without one. */
  readonly snapshot: LogIndex;
  /** Last slot that may hold a vote which is not known to be chosen; `chosen` where none does. */
  readonly last: LogIndex;
}

/**
 * Reads the storage's content, or starts a new log with the bootstrap membership.
 *
 * @throws CorruptError if state, records and snapshot do not fit together.
 * @throws InvalidArgumentError if the node ran with other options that safety rests on.
 */
export function recover(setup: EngineSetup, settings: PaxosSettings): Beginning {
  const beginning = recoverAnyway(setup, settings);
  if (beginning.agreement !== settings.agreement) {
    throw new InvalidArgumentError(
      'this node has run with another window or other quorums, and may have promised in their name; start it with the same options again',
    );
  }
  return beginning;
}

/**
 * The same where no promise is to be kept any more, so that the options may be others.
 *
 * @throws CorruptError if state, records and snapshot do not fit together.
 */
export function recoverAnyway(
  { recovered, bootstrap }: Pick<EngineSetup, 'recovered' | 'bootstrap'>,
  { agreement }: PaxosSettings,
): Beginning {
  if (recovered.state === undefined) {
    if (recovered.records !== undefined || recovered.snapshot !== undefined) {
      throw new CorruptError('the storage holds votes or a snapshot, but no promise');
    }
    return {
      isNew: true,
      agreement,
      promised: noBallot,
      chosen: 0,
      base: 0,
      knownIn: noBallot,
      settledRound: 0,
      memberships: [{ index: 0, membership: bootstrap }],
      snapshot: 0,
      last: 0,
    };
  }
  const bytes = recovered.state;
  const state = readOrRefuse('durable state', () => decodeState(bytes));
  checkRecords(state, recovered);
  const snapshot = checkSnapshot(state, recovered);
  const last = Math.max(recovered.records?.last ?? 0, state.chosen);
  return { ...state, isNew: false, snapshot, last };
}

function checkRecords({ base, chosen }: DurableState, { records }: Recovered): void {
  if (chosen === base) return;
  if (records === undefined || records.last < chosen) {
    throw new CorruptError(
      `slots are known to be chosen up to ${String(chosen)}, the records end at ${String(records?.last ?? 0)}`,
    );
  }
  // A storage may trim later than it was asked to; it must not have trimmed too much.
  if (records.first > base + 1) {
    throw new CorruptError(
      `the log starts at ${String(base + 1)}, the records only at ${String(records.first)}`,
    );
  }
}

function checkSnapshot({ base, chosen }: DurableState, recovered: Recovered): LogIndex {
  const info = recovered.snapshot;
  if (info === undefined) {
    if (base > 0) throw new CorruptError('the log was trimmed, but no snapshot is there');
    return 0;
  }
  const context = readOrRefuse('snapshot’s context', () => decodeContext(info.context));
  if (context.index !== info.index || info.index < base || info.index > chosen) {
    throw new CorruptError(`the snapshot at ${String(info.index)} does not fit the log`);
  }
  return info.index;
}

function readOrRefuse<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CorruptError(`the ${what} cannot be read: ${describeError(cause)}`, { cause });
  }
}
