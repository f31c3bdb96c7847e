/**
 * Multi-Paxos as a pure, synchronous, deterministic engine.
 *
 * Sources: Lamport, "Paxos Made Simple" (2001) and "The Part-Time Parliament" (1998); Howard, Malkhi and
 * Spiegelman, "Flexible Paxos" (2016); Lamport, Malkhi and Zhou, "Reconfiguring a State Machine" (2010);
 * van Renesse and Altinbuken, "Paxos Made Moderately Complex" (2015). Where to find what:
 *
 * - `ballot`, `rules`, `quorums`: what safety rests on, as pure functions.
 * - `acceptor`, `proposer`, `learner`: the roles; every node plays all three. `phase1`: the promises of
 *   one ballot. `replication`, `peer`: phase 2 on its way, and the counting.
 * - `leadership`: what exists only while a node leads. `election`: who wants to lead, and when.
 * - `configurations`: who decides which slot. `reconfiguration`: how that changes. `transfer`: handing
 *   leadership over.
 * - `reads`: read index and lease. `quorum-reads`: reads without the leader.
 * - `slots`: the log behind what is chosen, with holes. `snapshot`, `shipments`: the log before it.
 *   `journal`, `state`: what goes to the disk. `recover`, `start`: what survives a restart. `new-group`:
 *   disaster recovery.
 * - `node`: the state of a node. `engine`: dispatch. `messages`, `codec`, `limits`, `record`:
 *   what travels.
 * - `synod`: single-decree Paxos on its own, over the same rules.
 *
 * What is asserted while it runs, in production too, stands in {@link invariants}.
 *
 * @packageDocumentation
 */
import type { Algorithm } from '@quorate/core';
import { codec, messageOverheadBytes } from './codec.ts';
import { PaxosEngine } from './engine.ts';
import { explain } from './explain.ts';
import type { PaxosMessage } from './messages.ts';
import { beginFrom, PaxosSoleVoter } from './new-group.ts';
import { type PaxosOptions, settingsOf } from './options.ts';
import { headerBytes } from './record.ts';

export type { Ballot } from './ballot.ts';
export { invariants } from './invariants.ts';
export type * from './messages.ts';
export type { PaxosOptions, ReadPolicy } from './options.ts';
export { flexible, type FlexibleSizes, grid, majority, type QuorumSystem } from './quorums.ts';

/**
 * Makes Multi-Paxos, for the driver in `@quorate/log`.
 *
 * @throws InvalidArgumentError if an option can never work.
 */
export function paxos(options: PaxosOptions = {}): Algorithm<PaxosMessage> {
  const settings = settingsOf(options);
  return {
    name: 'paxos',
    headerBytes,
    maxMessageBytes: settings.maxAppendBytes + messageOverheadBytes,
    readsAnywhere: settings.reads === 'quorum',
    codec,
    create: (setup) => new PaxosEngine(setup, settings),
    forceSoleVoter: (setup) => new PaxosSoleVoter(setup, settings),
    beginFrom: (beginning) => beginFrom(beginning, settings),
    explain,
  };
}
