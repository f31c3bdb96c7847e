/**
 * Every algorithm that these tests run on. They keep little of the log behind a snapshot, so that
 * a node that was away for a moment needs one.
 */
import { raft } from '@quorate/raft';

export const algorithms = [
  { name: 'raft', algorithm: () => raft({ keepBytesBehindSnapshot: 500 }) },
] as const;
