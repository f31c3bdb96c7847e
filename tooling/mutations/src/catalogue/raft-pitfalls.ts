/** The known pitfalls of Raft, as bugs of this Raft. */
import type { Mutation } from '../mutation.ts';
import { edit, suite, together } from './writing.ts';

/** R1 to R15. */
export const raftPitfalls: readonly Mutation[] = [
  {
    id: 'R1',
    area: 'raft',
    title: 'a leader changes the membership before it has committed in its term',
    edits: [
      edit(
        'raft/membership',
        `  if (node.commitIndex < leadership.firstIndex) {
    outbox.rejectNotLeader(ticket, node.id);
    return;
  }
`,
        '',
      ),
    ],
    suite: suite('raft', ['membership'], 'R1 '),
  },
  {
    id: 'R2',
    area: 'raft',
    title: 'entries of earlier terms are committed by counting replicas',
    edits: [
      edit(
        'raft/commit',
        'if (index > node.commitIndex && index >= leadership.firstIndex) {',
        'if (index > node.commitIndex) {',
      ),
      edit(
        'raft/commit',
        '    invariant(log.terms.termAt(index) === node.term, invariants.commitOwnTerm);\n',
        '',
      ),
    ],
    suite: suite('raft', ['replication'], 'R2 '),
  },
  {
    id: 'R3',
    area: 'raft',
    title: 'a read index is given before the first commit of the term',
    edits: [
      edit(
        'raft/reads',
        'const knowing = node.commitIndex >= leadership.firstIndex;',
        'const knowing = true;',
      ),
    ],
    suite: suite('raft', ['reads'], 'R3 '),
  },
  {
    id: 'R3b',
    area: 'raft',
    title: 'a lease read is answered before the first commit of the term',
    edits: [
      edit(
        'raft/reads',
        "if (guarantee === 'lease' && node.commitIndex >= leadership.firstIndex) {",
        "if (guarantee === 'lease') {",
      ),
    ],
    suite: suite('raft', ['lease'], 'R3 '),
  },
  {
    id: 'R4',
    area: 'raft',
    title: 'a lease counts from the arrival of answers',
    edits: [
      edit(
        'raft/reads',
        '  leadership.lease.extend(sentAt);\n',
        '  if (sentAt > leadership.contactAt) leadership.lease.extend(node.now);\n',
      ),
    ],
    suite: suite('raft', ['lease'], 'R4 '),
  },
  {
    id: 'R4b',
    area: 'raft',
    title: 'a lease counts from a periodic check that a quorum is active',
    edits: [
      edit(
        'raft/reads',
        '  leadership.lease.extend(sentAt);\n',
        `  if (node.now - sentAt < node.settings.electionTimeoutMs) {
    leadership.lease.extend(node.now);
  }
`,
      ),
    ],
    suite: suite('raft', ['lease'], 'R4 '),
  },
  {
    id: 'R5',
    area: 'raft',
    title: 'the lease outlasts a transfer',
    edits: [edit('raft/transfer', '  leadership.lease.revoke();\n', '')],
    suite: suite('raft', ['lease'], 'R5 '),
  },
  {
    id: 'R6',
    area: 'raft',
    title: 'a read joins a round that is under way, and a late answer confirms it',
    edits: [
      edit(
        'core/engines/read-rounds',
        '    this.#round++;\n',
        '    if (this.#waiting.length === 0) this.#round++;\n',
      ),
    ],
    suite: together(suite('core', ['engines/reads']), suite('raft', ['reads']), 'round|R6 '),
  },
  {
    id: 'R7',
    area: 'raft',
    title: 'a follower commits up to the end of its own log',
    edits: [
      edit(
        'raft/follower',
        'const commit = Math.min(message.commit, end);',
        'const commit = Math.min(message.commit, log.lastIndex);',
      ),
    ],
    suite: suite('raft', ['replication'], 'R7 '),
  },
  {
    id: 'R7b',
    area: 'raft',
    title: 'a follower acknowledges up to the end of its own log',
    edits: [
      edit(
        'raft/follower',
        'if (end > following.verifiedIndex) following.verifiedIndex = end;',
        'following.verifiedIndex = log.lastIndex;',
      ),
    ],
    suite: suite('raft', ['replication'], 'R7 '),
  },
  {
    id: 'R8',
    area: 'raft',
    title: 'an old, shorter append truncates what came after it',
    edits: [
      edit(
        'raft/follower',
        '  invariant(log.terms.lastTerm <= node.term, invariants.entryOfKnownTerm);\n',
        `  invariant(log.terms.lastTerm <= node.term, invariants.entryOfKnownTerm);
  if (records.length > 0 && end >= node.commitIndex) log.truncateAfter(end);
`,
      ),
    ],
    suite: suite('raft', ['replication'], 'R8 '),
  },
  {
    id: 'R9',
    area: 'raft',
    title: 'leadership goes on when the term changes under it',
    edits: [edit('raft/node', '    this.leadership = undefined;\n', '')],
    suite: suite('raft', ['elections'], 'R9 '),
  },
  {
    id: 'R10',
    area: 'raft',
    title: 'an installed snapshot keeps a log that conflicts at its last index',
    edits: [
      edit(
        'raft/snapshot',
        'if (log.has(point.index, point.term)) {',
        'if (point.index <= log.lastIndex) {',
      ),
    ],
    suite: suite('raft', ['snapshots'], 'R10 '),
  },
  {
    id: 'R11',
    area: 'raft',
    title: 'an installed snapshot keeps a newer membership that was never decided',
    edits: [
      edit(
        'raft/log',
        '    this.memberships.reset({ index: point.index, membership });\n',
        `    if (this.memberships.currentIndex <= point.index) {
      this.memberships.reset({ index: point.index, membership });
    }
`,
      ),
    ],
    suite: suite('raft', ['snapshots'], 'R11 '),
  },
  {
    id: 'R12',
    area: 'raft',
    title: 'truncation keeps the membership that it takes away',
    edits: [edit('raft/log', '    this.memberships.truncateAfter(index);\n', '')],
    suite: suite('raft', ['membership'], 'R12 '),
  },
  {
    id: 'R13',
    area: 'raft',
    title: 'a snapshot carries the latest membership, not the one at its index',
    edits: [
      edit(
        'raft/snapshot',
        'const { membership } = log.memberships.at(index);',
        'const membership = log.memberships.current;',
      ),
    ],
    suite: suite('raft', ['engine'], 'R13 '),
  },
  {
    id: 'R14',
    area: 'raft',
    title: 'the commit index of an even group needs only half of it',
    edits: [
      edit(
        'core/quorum',
        'values[majorityOf(values.length) - 1]',
        'values[Math.floor((values.length - 1) / 2)]',
      ),
    ],
    suite: suite('raft', ['replication'], 'R14 '),
  },
  {
    id: 'R15',
    area: 'raft',
    title: 'a leader counts its own entries before its own sync',
    edits: [
      edit(
        'raft/commit',
        'voter === id ? log.writes.durableIndex : peers',
        'voter === id ? log.lastIndex : peers',
      ),
    ],
    suite: suite('raft', ['durability'], 'R15 '),
  },
];
