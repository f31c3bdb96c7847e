/**
 * Appending to the log of a leader (section 5.3 of the paper).
 */
import { entryKind, type LogIndex, MalformedError, type Ticket } from '@quorate/core';
import { leadershipFor } from '@quorate/core/engines';
import type { Leadership } from './leadership.ts';
import type { RaftNode } from './node.ts';
import { headerBytes, holdsMembership, minRecordBytes, stampTerm } from './record.ts';

/** Takes a proposal into the log, or refuses it for good. */
export function propose(node: RaftNode, ticket: Ticket, record: Uint8Array): void {
  const { outbox } = node;
  const leadership = leadershipFor(node, ticket);
  if (leadership === undefined) return;
  const waiting = leadership.unsettledBytes;
  if (waiting > 0 && waiting + record.length > node.settings.maxUncommittedBytes) {
    outbox.reject(ticket, 'overloaded');
    return;
  }
  if (!isProposable(record)) {
    outbox.reject(ticket, 'invalid', 'only entries with commands, or none, can be proposed');
    return;
  }
  outbox.accept(ticket, appendOwn(node, leadership, record));
}

/** Appends a record in the leader's term; returns its index. */
export function appendOwn(node: RaftNode, leadership: Leadership, record: Uint8Array): LogIndex {
  const { log } = node;
  stampTerm(record, node.term);
  if (log.append(record)) leadership.syncPeers(log);
  leadership.proposed(log.lastIndex, record.length);
  return log.lastIndex;
}

function isProposable(record: Uint8Array): boolean {
  if (record.length < minRecordBytes || holdsMembership(record)) return false;
  try {
    entryKind(record, headerBytes);
    return true;
  } catch (error) {
    if (error instanceof MalformedError) return false;
    throw error;
  }
}
