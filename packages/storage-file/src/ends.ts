/**
 * What the ends of segments prove: which torn batch had been acknowledged, and up to where the log is
 * durable for sure.
 *
 * As long as a node runs, it begins a batch only when the one before it is synced; so what was begun
 * proves the batch in front of it, also across segments. But from one run to the next nothing is
 * proved: a batch whose sync failed may be whole in the memory of the kernel when the node is opened
 * again, and gone after a power loss. The node writes it once more, into a new segment, and vouches
 * for the log before that batch alone. Which segment that is stands in the manifest (`resumed`)
 * before anything is written to it.
 */
import type { Checkpoint } from './checkpoint.ts';
import { isSame, type LogPosition, type Manifest } from './manifest.ts';
import type { Segment } from './recovery.ts';
import type { ScanEnd } from './scan.ts';
import { segmentHeadBytes } from './segment-file.ts';

/** A segment to which a write was begun. */
export interface Begun {
  readonly segment: Segment;
  readonly end: ScanEnd;
}

/** A segment with batches that count. */
export interface Filled {
  readonly segment: Segment;
  readonly batches: number;
  /** Where the last one begins. */
  readonly lastStart: number;
  /** Of its checkpoint. */
  readonly previous: LogPosition;
}

/**
 * Whether the log before a checkpoint ends where it says, or one batch further if the segment repeats
 * that batch. It may have been the first one of its segment, and have been repeated before: then it is
 * all that is in each of the segments between.
 *
 * Replaying a batch twice changes nothing: to each index it either does nothing, or the last of its
 * steps that concerns it decides alone what is there. State and snapshots are in the checkpoint.
 *
 * @param filled the segments before, in ascending order.
 * @param first the first segment that exists.
 */
export function endsAsTold(
  filled: readonly Filled[],
  { previous, repeats }: Checkpoint,
  first: number,
): boolean {
  const between = filled.filter(({ segment }) => segment.id > previous.segment);
  if (!between.every(({ batches }) => repeats && batches === 1)) return false;
  // It had nothing any more that counts.
  if (previous.segment < first) return true;
  const last = filled.findLast(({ segment }) => segment.id === previous.segment);
  if (last === undefined) return false;
  return last.segment.end === previous.end || (repeats && last.lastStart === previous.end);
}

/** Segments that end in a batch that was acknowledged and is torn, and where what proves it stands. */
export function* provenTorn(
  begun: readonly Begun[],
  { resumed }: Manifest,
): Generator<{ readonly torn: Begun; readonly follower: string }> {
  for (const [at, torn] of begun.entries()) {
    const { end, segment } = torn;
    const next = begun[at + 1]?.segment;
    if (end.laterAt !== undefined) yield { torn, follower: `byte ${String(end.laterAt)}` };
    else if (end.torn && next !== undefined && segment.id >= resumed) {
      yield { torn, follower: `segment ${String(next.id)}` };
    }
  }
}

/**
 * Up to where the log is durable for sure: it ends there, or one batch further.
 *
 * @param last the last segment with batches.
 * @param begun that one and those behind it.
 */
export function certainEnd(
  last: Filled | undefined,
  begun: readonly Begun[],
  { durable, resumed }: Manifest,
): LogPosition {
  if (last === undefined) return durable;
  const { lastStart, previous, segment } = last;
  const end = { segment: segment.id, end: segment.end };
  const followed = begun.length > 1 && resumed > 0 && segment.id >= resumed;
  if (followed || isSame(durable, end)) return end;
  return lastStart > segmentHeadBytes ? { segment: segment.id, end: lastStart } : previous;
}
