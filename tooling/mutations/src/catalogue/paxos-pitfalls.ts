/** The known pitfalls of Paxos, as bugs of this Paxos. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

/** P1 to P12. */
export const paxosPitfalls: readonly Mutation[] = [
  {
    id: 'P1',
    area: 'paxos',
    title: 'a promise leaves before it is durable',
    edits: [
      edit(
        'paxos/acceptor',
        `  node.outbox.sendDurably(to, {
    type: 'promise',`,
        `  node.outbox.send(to, {
    type: 'promise',`,
      ),
    ],
    suite: suite('paxos', ['acceptor'], 'P1 '),
  },
  {
    id: 'P1b',
    area: 'paxos',
    title: 'a proposer counts its own promise before that is durable',
    edits: [edit('paxos/proposer', '  if (!node.journal.promiseIsStored) return;\n', '')],
    suite: suite('paxos', ['phase1'], 'P1 '),
  },
  {
    id: 'P2',
    area: 'paxos',
    title: 'a promise is not recorded where there is a vote already',
    edits: [
      edit(
        'paxos/acceptor',
        '    node.promise(ballot);\n    node.restartTimer();',
        `    if (node.slots.last <= node.chosen) node.promise(ballot);
    node.restartTimer();`,
      ),
    ],
    suite: suite('paxos', ['acceptor'], 'P2 '),
  },
  {
    id: 'P3',
    area: 'paxos',
    title: 'one variable for promised and accepted ballots: votes are told under the promise',
    edits: [
      edit(
        'paxos/acceptor',
        "import { sameValue } from './record.ts';",
        "import { headerOf, sameValue, withHeader } from './record.ts';",
      ),
      edit(
        'paxos/acceptor',
        'votes.push({ slot: index, record });',
        'votes.push({ slot: index, record: withHeader(record, headerOf(node.promised)) });',
      ),
    ],
    suite: suite('paxos', ['acceptor', 'durability'], 'P3 '),
  },
  {
    id: 'P4',
    area: 'paxos',
    title: 'accepting in a higher ballot does not raise the promise',
    edits: [
      edit(
        'paxos/acceptor',
        '  node.promise(ballot);\n  node.heardFromLeader(from);',
        '  node.heardFromLeader(from);',
      ),
      edit(
        'paxos/acceptor',
        '  invariant(compareBallots(ballot, node.promised) <= 0, invariants.votedWithinPromise);\n',
        '',
      ),
    ],
    suite: suite('paxos', ['acceptor'], 'P4 '),
  },
  {
    id: 'P5',
    area: 'paxos',
    title: 'votes that are not known to be chosen are forgotten at start',
    edits: [
      edit(
        'paxos/recover',
        'const last = Math.max(recovered.records?.last ?? 0, state.chosen);',
        'const last = state.chosen;',
      ),
    ],
    suite: suite('paxos', ['durability'], 'P5 '),
  },
  {
    id: 'P6',
    area: 'paxos',
    title: 'an acceptor says that it has accepted before its sync',
    edits: [
      edit(
        'paxos/acceptor',
        'if (write === undefined || write > stored) break;',
        'if (write === undefined) break;',
      ),
    ],
    suite: suite('paxos', ['acceptor'], 'P6 '),
  },
  {
    id: 'P6b',
    area: 'paxos',
    title: 'what lies behind a hole is told before its sync',
    edits: [edit('paxos/acceptor', '      slot.write <= node.journal.writes.stored &&\n', '')],
    suite: suite('paxos', ['acceptor'], 'P6 '),
  },
  {
    id: 'P7',
    area: 'paxos',
    title: 'a promise leaves out what is chosen',
    edits: [
      edit(
        'paxos/acceptor',
        '    chosen,\n    firstIndex: node.firstIndex,',
        '    chosen: 0,\n    firstIndex: node.firstIndex,',
      ),
    ],
    suite: suite('paxos', ['acceptor', 'phase1'], 'P7 '),
  },
  {
    id: 'P7b',
    area: 'paxos',
    title: 'a promise counts although it tells of chosen slots that the proposer lacks',
    edits: [
      edit(
        'paxos/phase1',
        '(this.#promised.get(voter) ?? unknown) <= chosen;',
        'this.#promised.has(voter);',
      ),
    ],
    suite: suite('paxos', ['phase1', 'membership'], 'P7 '),
  },
  {
    id: 'P8',
    area: 'paxos',
    title: 'the next slot is the one behind the highest reported vote, even below what is chosen',
    edits: [
      edit('paxos/leadership', 'this.first = chosen + 1;', 'this.first = phase1.highest + 1;'),
      edit('paxos/proposer', '  leadership.skipTo(node.chosen + 1);\n', ''),
    ],
    suite: suite('paxos', ['phase1'], 'P8 '),
  },
  {
    id: 'P9',
    area: 'paxos',
    title: 'a new leader leaves gaps open',
    edits: [
      edit(
        'paxos/proposer',
        '    const record = recordFor(node, leadership, slot);\n',
        `    const reported = phase1.valueFor(slot, undefined) ?? node.slots.get(slot);
    if (slot < leadership.recoverThrough && reported === undefined) {
      leadership.next = slot + 1;
      continue;
    }
    const record = recordFor(node, leadership, slot);
`,
      ),
    ],
    suite: suite('paxos', ['phase1'], 'P9 '),
  },
  {
    id: 'P10',
    area: 'paxos',
    title: 'accepted answers of another ballot are counted',
    edits: [
      edit(
        'paxos/replication',
        '  if (!sameBallot(reply.ballot, leadership.ballot)) return;\n',
        '',
      ),
    ],
    suite: suite('paxos', ['phase2'], 'P10 '),
  },
  {
    id: 'P10b',
    area: 'paxos',
    title: 'promises of an older ballot are counted',
    edits: [
      edit(
        'paxos/proposer',
        'if (phase1 === undefined || !sameBallot(phase1.ballot, promise.ballot)) return;',
        'if (phase1 === undefined) return;',
      ),
    ],
    suite: suite('paxos', ['phase1'], 'P10 '),
  },
  {
    id: 'P11',
    area: 'paxos',
    title: '"chosen" without the value marks whatever stands there',
    edits: [
      edit(
        'paxos/learner',
        'if (slot !== undefined && sameBallot(slot.ballot, ballot)) slot.chosen = true;',
        'if (slot !== undefined) slot.chosen = true;',
      ),
    ],
    suite: suite('paxos', ['learner'], 'P11 '),
  },
  {
    id: 'P12',
    area: 'paxos',
    title: 'an acceptor says that it holds votes of an older leader as those of this one',
    edits: [
      edit(
        'paxos/acceptor',
        '      if (!slot.chosen && !sameBallot(slot.ballot, promised)) break;\n',
        '',
      ),
    ],
    suite: suite('paxos', ['acceptor', 'learner']),
  },
];
