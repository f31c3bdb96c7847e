/**
 * Raft as a pure, synchronous, deterministic engine.
 *
 * Sources: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014,
 * extended version), called *the paper*, and Ongaro's dissertation of the same year, *the thesis*.
 * Sections without a name are the paper's. Where to find what:
 *
 * - `node`: the state of a server (figure 2). `leadership`: what exists only while it leads.
 * - `election`, `replication` (the leader's half) and `follower` (the other), `commit`: section 5.
 * - `membership`: section 6. `snapshot`: section 7. `reads`: section 8; thesis, 6.4.
 * - `transfer`: thesis, 3.10. `proposals`: what a client's entry goes through.
 * - `log` with `log-terms`, `log-memberships`, `log-writes`: the log, in memory and on its way to the
 *   disk. `state`, `recover`: what survives a restart. `new-group`: disaster recovery.
 * - `engine`: dispatch. `messages`, `codec`, `record`: what travels.
 *
 * What knows nothing of Raft (the effects of a turn, pages from the disk, delivery to the consumer,
 * rounds of reads, the arithmetic of a lease) is in `@quorate/core/engines`.
 *
 * Asserted while it runs, in production too (the statements are in {@link invariants}): the term
 * never falls, and a node votes once in it; a term has one leader, who never truncates and who holds
 * everything committed; terms ascend along a log, and no entry is of a later term than its holder;
 * the commit index never falls, stays within the log, moves by counting only on an entry of the
 * leader's own term, and nothing at or before it is truncated; entries are handed out gapless, and
 * only what was handed out is applied; nothing counts as stored that was not written; one membership
 * change at a time, and no snapshot without a membership; what the log holds can be read back.
 *
 * @packageDocumentation
 */
import type { Algorithm } from '@quorate/core';
import { codec, messageOverheadBytes } from './codec.ts';
import { RaftEngine } from './engine.ts';
import { explain } from './explain.ts';
import type { RaftMessage } from './messages.ts';
import { beginFrom, forceSoleVoter } from './new-group.ts';
import { type RaftOptions, settingsOf } from './options.ts';
import { headerBytes } from './record.ts';

export { invariants } from './invariants.ts';
export type * from './messages.ts';
export type { RaftOptions } from './options.ts';

/**
 * Makes Raft, for the driver in `@quorate/log`.
 *
 * @throws InvalidArgumentError if an option can never work.
 */
export function raft(options: RaftOptions = {}): Algorithm<RaftMessage> {
  const settings = settingsOf(options);
  return {
    name: 'raft',
    headerBytes,
    maxMessageBytes: settings.maxAppendBytes + messageOverheadBytes,
    codec,
    create: (setup) => new RaftEngine(setup, settings),
    forceSoleVoter,
    beginFrom,
    explain,
  };
}
