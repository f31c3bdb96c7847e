/** More bugs of Raft, of our own making. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

export const raftMutations: readonly Mutation[] = [
  {
    id: 'raft-1',
    area: 'raft',
    title: 'a candidate asks for votes before its term is durable',
    edits: [
      edit(
        'raft/election',
        'else outbox.sendDurably(voter, request);',
        'else outbox.send(voter, request);',
      ),
    ],
    suite: suite('raft', ['durability'], 'R16 '),
  },
  {
    id: 'raft-2',
    area: 'raft',
    title: 'a node votes for two candidates of a term',
    edits: [
      edit(
        'raft/election',
        'const granted = upToDate && (node.votedFor === undefined || node.votedFor === from);',
        'const granted = upToDate;',
      ),
      edit(
        'raft/node',
        `    invariant(
      this.#votedFor === undefined || this.#votedFor === candidate,
      invariants.oneVotePerTerm,
    );
`,
        '',
      ),
    ],
    suite: suite('raft', ['elections'], 'a vote'),
  },
  {
    id: 'raft-3',
    area: 'raft',
    title: 'logs are compared by length alone when a vote is given',
    edits: [
      edit(
        'raft/log',
        'return lastTerm > own || (lastTerm === own && lastIndex >= this.#lastIndex);',
        'return lastTerm > own || lastIndex >= this.#lastIndex;',
      ),
    ],
    suite: suite('raft', ['elections', 'replication']),
  },
  {
    id: 'raft-4',
    area: 'raft',
    title: 'a joint membership decides with the new voters alone',
    edits: [
      edit(
        'core/quorum',
        `  return membership.outgoing.length === 0
    ? [membership.voters]
    : [membership.voters, membership.outgoing];`,
        '  return [membership.voters];',
      ),
    ],
    suite: suite('raft', ['membership']),
  },
  {
    id: 'raft-5',
    area: 'raft',
    title: 'a leader that nobody answers leads on',
    edits: [
      edit(
        'raft/engine',
        '  if (now - since >= node.settings.electionTimeoutMs) node.follow(node.term, undefined);\n',
        '',
      ),
    ],
    suite: suite('raft', ['elections', 'engine'], 'quorum|steps? down|cut off|majority|answer'),
  },
  {
    id: 'raft-6',
    area: 'raft',
    title: 'a restarted node votes at once, whatever it had promised a leader',
    edits: [
      edit(
        'raft/node',
        'beginning.term === 0 ? Number.NEGATIVE_INFINITY : setup.now + electionTimeoutMs;',
        'Number.NEGATIVE_INFINITY;',
      ),
    ],
    suite: suite('raft', ['engine', 'lease'], 'a lease holds|holds although'),
  },
  {
    id: 'raft-7',
    area: 'raft',
    title: 'a lease leaves no room for the drift of clocks',
    edits: [
      edit(
        'core/engines/lease',
        'this.#lengthMs = promiseMs * (1 - maxClockDrift);',
        'this.#lengthMs = promiseMs;',
      ),
    ],
    suite: suite('raft', ['engine'], 'lease'),
  },
  {
    id: 'raft-8',
    area: 'raft',
    title: 'the completion of an earlier write stands for the vote',
    edits: [
      edit(
        'raft/node',
        'return !this.#voteUnwritten && this.log.writes.stored >= this.#voteWrite;',
        'return this.log.writes.stored >= this.#voteWrite;',
      ),
    ],
    suite: suite('raft', ['durability'], 'R16 '),
  },
  {
    id: 'raft-9',
    area: 'raft',
    title: 'the consistency check compares no terms',
    edits: [
      edit(
        'raft/follower',
        'if (previousIndex > commitIndex) return log.has(previousIndex, previousTerm);',
        'if (previousIndex > commitIndex) return previousIndex <= log.lastIndex;',
      ),
    ],
    suite: suite('raft', ['replication']),
  },
  {
    id: 'raft-10',
    area: 'raft',
    title: 'acknowledgements of an earlier term count',
    edits: [
      edit(
        'raft/replication',
        'if (reply.term < node.term || leadership === undefined',
        'if (leadership === undefined',
      ),
    ],
    suite: suite('raft', ['replication'], 'an earlier leadership of its own'),
  },
  {
    id: 'raft-11',
    area: 'raft',
    title: 'a snapshot is reported as published before it is durable',
    edits: [
      edit(
        'core/engines/publications',
        'this.#waiting.filter(({ write }) => write !== undefined && write <= stored);',
        'this.#waiting.filter(({ write }) => write !== undefined && write <= stored + 1);',
      ),
      edit(
        'core/engines/publications',
        'this.#waiting.filter(({ write }) => write === undefined || write > stored);',
        'this.#waiting.filter(({ write }) => write === undefined || write > stored + 1);',
      ),
    ],
    suite: suite('raft', ['snapshots']),
  },
  {
    id: 'raft-12',
    area: 'raft',
    title: 'a snapshot does not bring the term along in which it was known',
    edits: [
      edit(
        'raft/snapshot',
        '  if (point.knownIn > node.term) node.follow(point.knownIn, undefined);\n',
        '',
      ),
    ],
    suite: suite('raft', ['snapshots']),
  },
  {
    id: 'raft-13',
    area: 'raft',
    title: 'a late TimeoutNow starts an election in a term it was not meant for',
    edits: [
      edit(
        'raft/election',
        "if (term !== node.term || node.leader !== from || node.role !== 'follower') return;",
        "if (node.role !== 'follower') return;",
      ),
    ],
    suite: suite('raft', ['transfer'], 'at the word of an earlier term'),
  },
  {
    id: 'raft-14',
    area: 'raft',
    title: 'a page is believed that was read while the log was rewritten',
    edits: [
      edit(
        'core/engines/loads',
        'return found?.index === index && this.#log.isCurrent(index, found.record);',
        'return found?.index === index;',
      ),
    ],
    suite: suite('raft', ['flow-control']),
  },
  {
    id: 'raft-15',
    area: 'raft',
    title: 'records leave memory before they are durable',
    edits: [
      edit(
        'core/engines/record-tail',
        'this.#bytes > maxBytes && item.index <= durableIndex',
        'this.#bytes > maxBytes',
      ),
    ],
    suite: suite('core', ['engines/record-tail']),
  },
  {
    id: 'raft-16',
    area: 'raft',
    title: 'reads that wait are not told that leadership is over',
    edits: [edit('raft/leadership', '    this.reads.abandon(outbox, leader);\n', '')],
    suite: suite('raft', ['reads', 'engine'], 'read'),
  },
  {
    id: 'raft-17',
    area: 'raft',
    title: 'what is committed is handed out while a snapshot replaces the state',
    edits: [
      edit(
        'raft/engine',
        'if (!node.publications.installing) node.delivery.handOut(node);',
        'node.delivery.handOut(node);',
      ),
    ],
    suite: suite('raft', ['snapshots']),
  },
  {
    id: 'raft-18',
    area: 'raft',
    title: 'a trim reaches the disk without the state that says so',
    edits: [
      edit(
        'raft/log',
        `    this.#dropBefore = index + 1;
    this.#stateChanged = true;`,
        '    this.#dropBefore = index + 1;',
      ),
    ],
    suite: suite('raft', ['snapshots', 'engine'], 'snapshot|compact'),
  },
  {
    id: 'raft-19',
    area: 'raft',
    title: 'the window of a follower is never given back',
    edits: [
      edit(
        'raft/progress',
        '    this.#answeredBytes = this.#inflight.reach(index) ?? this.#answeredBytes;\n',
        '    this.#inflight.reach(index);\n',
      ),
    ],
    suite: suite('raft', ['flow-control'], 'gets the bytes back'),
  },
];
