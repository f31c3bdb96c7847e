/**
 * The invariants of Raft, for whoever runs its engines in a test: what the invariants of every algorithm
 * (`@quorate/core/checks`) do not ask. Those are to be asked with `raftRules`.
 *
 * @packageDocumentation
 */
import type { Observer, WatchedGroup } from '@quorate/core/checks';
import type { RaftMessage } from '../messages.ts';
import { RaftChecks } from './raft-checks.ts';

/**
 * Watches one group, and throws a `Violation` at the first step that breaks Raft.
 *
 * The same observer goes on where the group begins anew (`regrouped`); another group needs another one.
 */
export function raftChecks(group: WatchedGroup<RaftMessage>): Observer<RaftMessage> {
  return new RaftChecks(group);
}
