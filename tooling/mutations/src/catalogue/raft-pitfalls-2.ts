/** The known pitfalls of Raft, as bugs of this Raft: the rest of them. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

/** R16 to R30. */
export const moreRaftPitfalls: readonly Mutation[] = [
  {
    id: 'R16',
    area: 'raft',
    title: 'a vote leaves before it is durable',
    edits: [
      edit(
        'raft/election',
        "node.outbox.sendDurably(from, { type: 'vote-reply'",
        "node.outbox.send(from, { type: 'vote-reply'",
      ),
    ],
    suite: suite('raft', ['durability'], 'R16 '),
  },
  {
    id: 'R16b',
    area: 'raft',
    title: 'a candidate counts its own vote before that is durable',
    edits: [edit('raft/election', '  if (!node.voteIsStored) return;\n', '')],
    suite: suite('raft', ['durability'], 'R16 '),
  },
  {
    id: 'R16c',
    area: 'raft',
    title: 'a follower acknowledges before its sync',
    edits: [
      edit(
        'raft/follower',
        'outbox.sendDurably(to, replyOf(node, verified, verified,',
        'outbox.send(to, replyOf(node, verified, verified,',
      ),
    ],
    suite: suite('raft', ['durability'], 'R16 '),
  },
  {
    id: 'R17',
    area: 'raft',
    title: 'entries reach the disk one write before the terms that they are of',
    edits: [
      edit(
        'raft/log',
        "    if (this.#stateChanged) ops.push({ type: 'state', bytes: state() });\n",
        `    const late = this.#stateChanged && ops.some(({ type }) => type === 'put');
    if (this.#stateChanged && !late) ops.push({ type: 'state', bytes: state() });
`,
      ),
      edit(
        'raft/log',
        `    this.#stateChanged = false;
    this.#writtenIndex = this.#lastIndex;
    return ops;`,
        `    this.#stateChanged = late;
    this.#writtenIndex = this.#lastIndex;
    return ops;`,
      ),
    ],
    suite: suite('raft', ['engine'], 'R17 '),
  },
  {
    id: 'R18',
    area: 'raft',
    title: 'a stale completion marks entries durable that were written anew',
    edits: [edit('raft/log-writes', '    this.#marks.clamp(index);\n', '')],
    suite: suite('raft', ['durability'], 'R18 '),
  },
  {
    id: 'R19',
    area: 'raft',
    title: 'a completion that comes out of order is dropped',
    edits: [
      edit(
        'core/engines/write-ledger',
        'if (write <= this.#stored) return false;',
        'if (write !== this.#stored + 1) return false;',
      ),
    ],
    suite: suite('raft', ['durability'], 'R19 '),
  },
  {
    id: 'R20',
    area: 'raft',
    title: 'a leader of a lower term gets no answer',
    edits: [edit('raft/follower', '    node.reply(from, outOfDate(node.term, message));\n', '')],
    suite: suite('raft', ['elections'], 'R20 '),
  },
  {
    id: 'R21',
    area: 'raft',
    title: 'the last known leader is refused for ever',
    edits: [
      edit(
        'raft/election',
        `    heardFrom !== candidate &&
    node.now < heardAt + node.settings.electionTimeoutMs`,
        `    (heardFrom === candidate ||
      node.now < heardAt + node.settings.electionTimeoutMs)`,
      ),
    ],
    suite: suite('raft', ['elections'], 'R21 '),
  },
  {
    id: 'R22',
    area: 'raft',
    title: 'votes are given while a leader is heard from',
    edits: [edit('raft/election', '  if (!request.transfer && isLoyal(node, from)) return;\n', '')],
    suite: suite('raft', ['engine', 'elections'], 'R22 |while a leader is heard from'),
  },
  {
    id: 'R22b',
    area: 'raft',
    title: 'no rehearsal before an election',
    edits: [
      edit(
        'raft/election',
        'startCandidacy(node, true, false);',
        'startCandidacy(node, false, false);',
      ),
    ],
    suite: suite('raft', ['engine'], 'R22 '),
  },
  {
    id: 'R23',
    area: 'raft',
    title: 'a voter whose removal is not decided does not campaign',
    edits: [
      edit(
        'raft/node',
        'return currentIndex > this.commitIndex && previous !== undefined && isVoter(previous, this.id);',
        'return false;',
      ),
    ],
    suite: suite('raft', ['membership'], 'R23 '),
  },
  {
    id: 'R23b',
    area: 'raft',
    title: 'an election is decided by the last membership that was committed',
    edits: [
      edit(
        'raft/election',
        'switch (pollResult(node.log.memberships.current, candidacy.votes)) {',
        'switch (pollResult(node.log.memberships.at(node.commitIndex).membership, candidacy.votes)) {',
      ),
    ],
    suite: suite('raft', ['membership'], 'R23 '),
  },
  {
    id: 'R24',
    area: 'raft',
    title: 'a node that does not know that it is a voter refuses its vote',
    edits: [
      edit(
        'raft/election',
        '  if (!request.transfer && isLoyal(node, from)) return;\n',
        `  if (!request.transfer && isLoyal(node, from)) return;
  if (!node.isVoter) return;
`,
      ),
    ],
    suite: suite('raft', ['membership'], 'R24 '),
  },
  {
    id: 'R25',
    area: 'raft',
    title: 'a removed leader leads on',
    edits: [edit('raft/membership', '  if (!node.isVoter) departFor(node, leadership);\n', '')],
    suite: suite('raft', ['engine'], 'R25 '),
  },
  {
    id: 'R26',
    area: 'raft',
    title: 'a leader with a stalled disk keeps leadership by heartbeats',
    edits: [edit('raft/engine', '    departStalled(node, leadership);\n', '')],
    suite: suite('raft', ['elections'], 'R26 '),
  },
  {
    id: 'R27',
    area: 'raft',
    title: 'a refusal is ignored while records flow, and a lost window never sent again',
    edits: [
      edit(
        'raft/replication',
        ": peer.state === 'replicate' && previousIndex < peer.nextIndex;",
        ': false;',
      ),
    ],
    suite: suite('raft', ['flow-control'], 'R27 '),
  },
  {
    id: 'R28',
    area: 'raft',
    title: 'a leader goes back one entry at a time',
    edits: [
      edit(
        'raft/replication',
        'const agreed = log.terms.lastUpTo(Math.min(hintIndex, previousIndex - 1), hintTerm);',
        'const agreed = previousIndex - 1;',
      ),
    ],
    suite: suite('raft', ['replication'], 'R28 '),
  },
  {
    id: 'R29',
    area: 'raft',
    title: 'proposals are taken in while leadership is handed over',
    edits: [
      edit(
        'core/engines/refusals',
        "  else if (handOver.isUnderWay) outbox.reject(ticket, 'transferring');\n",
        '',
      ),
    ],
    suite: suite('raft', ['engine'], 'R29 '),
  },
  {
    id: 'R30',
    area: 'raft',
    title: 'compaction takes the log away that a travelling snapshot needs behind it',
    edits: [
      edit(
        'raft/snapshot',
        'log.trimThrough(Math.min(node.trimTo, heldIndex(node)));',
        'log.trimThrough(node.trimTo);',
      ),
    ],
    suite: suite('raft', ['snapshots', 'engine'], 'R30 '),
  },
];
