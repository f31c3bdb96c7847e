/**
 * From what the storage holds to the state in which a node starts, or a refusal to guess.
 */
import {
  CorruptError,
  describeError,
  type EngineSetup,
  type NodeId,
  type Recovered,
} from '@quorate/core';
import { RaftLog } from './log.ts';
import { LogMemberships } from './log-memberships.ts';
import { type LogPoint, LogTerms } from './log-terms.ts';
import { recordTerm } from './record.ts';
import { decodeContext, decodeState, type DurableState, type SnapshotContext } from './state.ts';

/** Where a node starts. */
export interface Beginning {
  readonly term: number;
  readonly votedFor: NodeId | undefined;
  readonly log: RaftLog;
  /** The current snapshot; index 0 without one. */
  readonly snapshot: LogPoint;
}

/**
 * Reads the storage's content, or starts a new log with the bootstrap membership.
 *
 * @throws CorruptError if state, records and snapshot do not fit together.
 */
export function recover({
  recovered,
  bootstrap,
}: Pick<EngineSetup, 'recovered' | 'bootstrap'>): Beginning {
  if (recovered.state === undefined) {
    if (recovered.records !== undefined || recovered.snapshot !== undefined) {
      throw new CorruptError('the storage holds a log or a snapshot, but no term and vote');
    }
    const terms = new LogTerms({ index: 0, term: 0 });
    const memberships = new LogMemberships({ index: 0, membership: bootstrap });
    const log = new RaftLog(terms, memberships, 0, true);
    return { term: 0, votedFor: undefined, log, snapshot: { index: 0, term: 0 } };
  }
  const state = readOrRefuse('durable state', () => decodeState(recovered.state ?? noBytes));
  const lastIndex = Math.max(recovered.records?.last ?? 0, state.base.index);
  checkRecords(state, recovered, lastIndex);
  const terms = new LogTerms(state.base, state.runs);
  const [base = { index: 0, membership: bootstrap }, ...later] = state.memberships;
  const log = new RaftLog(terms, new LogMemberships(base, later), lastIndex, false);
  const snapshot = checkSnapshot(state, recovered, log);
  return { term: state.term, votedFor: state.votedFor, log, snapshot };
}

const noBytes = new Uint8Array(0);

function checkRecords(state: DurableState, recovered: Recovered, lastIndex: number): void {
  const lastRun = state.runs[state.runs.length - 1];
  const { records, lastRecord } = recovered;
  if (records === undefined) {
    if (lastRun !== undefined)
      throw new CorruptError('the log has entries, but no records are there');
    return;
  }
  // A storage may trim later than it was asked to; it must not have trimmed too much.
  if (records.first > state.base.index + 1) {
    throw new CorruptError(
      `the log starts at ${String(state.base.index + 1)}, the records only at ${String(records.first)}`,
    );
  }
  if (lastRun === undefined ? lastIndex > state.base.index : lastIndex < lastRun.index) {
    throw new CorruptError(`the records end at ${String(lastIndex)}, where the log does not`);
  }
  const lastMembership = state.memberships[state.memberships.length - 1];
  if (lastMembership !== undefined && lastMembership.index > lastIndex) {
    throw new CorruptError('a membership stands behind the end of the records');
  }
  if (
    lastRun !== undefined &&
    (lastRecord === undefined || recordTerm(lastRecord) !== lastRun.term)
  ) {
    throw new CorruptError(
      `the record at ${String(lastIndex)} is not of the term of the log’s end`,
    );
  }
}

function checkSnapshot(state: DurableState, recovered: Recovered, log: RaftLog): LogPoint {
  const info = recovered.snapshot;
  if (info === undefined) {
    if (state.base.index > 0)
      throw new CorruptError('the log was trimmed, but no snapshot is there');
    return { index: 0, term: 0 };
  }
  const context = readOrRefuse<SnapshotContext>('snapshot’s context', () =>
    decodeContext(info.context),
  );
  if (context.index !== info.index || !log.has(context.index, context.term)) {
    throw new CorruptError(`the snapshot at ${String(info.index)} does not fit the log`);
  }
  return { index: context.index, term: context.term };
}

function readOrRefuse<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new CorruptError(`the ${what} cannot be read: ${describeError(cause)}`, { cause });
  }
}
