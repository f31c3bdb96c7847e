/**
 * The durable state: term and vote (figure 2 of the paper), and the skeleton of the log.
 *
 * The skeleton is all term runs and all memberships. It is written in the same atomic write as any
 * append or truncation that changes it, so a restart knows the term and the membership at every
 * index without a scan of the log.
 *
 *     u8 version, u48 term, string votedFor ('' for nobody),
 *     u48 base index, u48 base term,
 *     u32 count, each: u48 first index, u48 term         term runs
 *     u32 count, each: u48 index, membership             memberships, the one at the base first
 */
import {
  ByteReader,
  ByteWriter,
  decodeMembership,
  encodeMembership,
  maxNameLength,
  type Membership,
  MalformedError,
  type NodeId,
} from '@quorate/core';
import type { PlacedMembership } from './log-memberships.ts';
import type { LogPoint } from './log-terms.ts';

/** What a node must not forget, besides its records. */
export interface DurableState {
  readonly term: number;
  readonly votedFor: NodeId | undefined;
  /** The entry before the first record, or index 0. */
  readonly base: LogPoint;
  readonly runs: readonly LogPoint[];
  /** At least one. */
  readonly memberships: readonly PlacedMembership[];
}

/** What Raft needs to know of a snapshot (section 7): its last entry, and the membership there. */
export interface SnapshotContext extends LogPoint {
  /**
   * The term of the node that published it: by then everything in it was committed, so every leader of
   * this term or a later one holds it. Whoever installs it enters this term, as a follower enters that
   * of the leader in InstallSnapshot (figure 13), and listens to no earlier leader any more.
   */
  readonly knownIn: number;
  readonly membership: Membership;
}

const version = 1;
const runBytes = 12;
/** An index and three empty lists. */
const minMembershipBytes = 12;

/** Encodes the durable state. */
export function encodeState(state: DurableState): Uint8Array {
  const writer = new ByteWriter(256)
    .u8(version)
    .u48(state.term)
    .string(state.votedFor ?? '')
    .u48(state.base.index)
    .u48(state.base.term)
    .u32(state.runs.length);
  for (const run of state.runs) writer.u48(run.index).u48(run.term);
  writer.u32(state.memberships.length);
  for (const { index, membership } of state.memberships) {
    encodeMembership(membership, writer.u48(index));
  }
  return writer.take();
}

/**
 * Decodes the durable state.
 *
 * @throws MalformedError if the bytes are not one.
 */
export function decodeState(bytes: Uint8Array): DurableState {
  const reader = new ByteReader(bytes);
  checkVersion(reader.u8());
  const term = reader.u48();
  const votedFor = reader.string(maxNameLength);
  const base = { index: reader.u48(), term: reader.u48() };
  const runs: LogPoint[] = [];
  let before: LogPoint = base;
  for (let left = reader.count(runBytes); left > 0; left--) {
    const run = { index: reader.u48(), term: reader.u48() };
    const ascends =
      runs.length === 0
        ? run.index === base.index + 1 && run.term >= base.term
        : run.index > before.index && run.term > before.term;
    if (!ascends || run.term > term) throw new MalformedError('term runs out of order');
    runs.push(run);
    before = run;
  }
  const memberships: PlacedMembership[] = [];
  for (let left = reader.count(minMembershipBytes); left > 0; left--) {
    const placed = { index: reader.u48(), membership: decodeMembership(reader) };
    const last = memberships[memberships.length - 1];
    if (last !== undefined && placed.index <= Math.max(last.index, base.index)) {
      throw new MalformedError('memberships out of order');
    }
    memberships.push(placed);
  }
  reader.end();
  if (memberships.length === 0) throw new MalformedError('a state without a membership');
  return { term, votedFor: votedFor === '' ? undefined : votedFor, base, runs, memberships };
}

/** Encodes what goes with a snapshot. */
export function encodeContext(context: SnapshotContext): Uint8Array {
  const writer = new ByteWriter(256).u8(version).u48(context.index).u48(context.term);
  writer.u48(context.knownIn);
  encodeMembership(context.membership, writer);
  return writer.take();
}

/**
 * Decodes what came with a snapshot.
 *
 * @throws MalformedError if the bytes are not a context.
 */
export function decodeContext(bytes: Uint8Array): SnapshotContext {
  const reader = new ByteReader(bytes);
  checkVersion(reader.u8());
  const context = {
    index: reader.u48(),
    term: reader.u48(),
    knownIn: reader.u48(),
    membership: decodeMembership(reader),
  };
  reader.end();
  if (context.index === 0 || context.term === 0) throw new MalformedError('a snapshot of nothing');
  if (context.knownIn < context.term) throw new MalformedError('a snapshot of a term to come');
  if (context.membership.voters.length === 0) throw new MalformedError('a snapshot of no group');
  return context;
}

function checkVersion(found: number): void {
  if (found !== version) throw new MalformedError(`unknown version ${String(found)}`);
}
