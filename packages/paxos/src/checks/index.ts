/**
 * The invariants of Multi-Paxos, for whoever runs its engines in a test: what those of every algorithm
 * (`@quorate/core/checks`) do not ask, and the rules by which those are to be asked.
 *
 * @packageDocumentation
 */
import type { Observer, WatchedGroup } from '@quorate/core/checks';
import type { PaxosMessage } from '../messages.ts';
import { PaxosChecks } from './paxos-checks.ts';
import type { Agreement } from './slots.ts';

export { paxosRules } from './paxos-rules.ts';
export type { Agreement } from './slots.ts';

/**
 * Watches one group, and throws a `Violation` at the first step that breaks Paxos.
 *
 * The same observer goes on where the group begins anew (`regrouped`); another group needs another one.
 *
 * @param agreement as in the options of the group's engines.
 */
export function paxosChecks(
  group: WatchedGroup<PaxosMessage>,
  agreement: Agreement,
): Observer<PaxosMessage> {
  return new PaxosChecks(group, agreement);
}
