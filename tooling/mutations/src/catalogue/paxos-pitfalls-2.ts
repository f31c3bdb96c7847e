/** The known pitfalls of Paxos, as bugs of this Paxos: the rest of them. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

/** P13 to P24. */
export const morePaxosPitfalls: readonly Mutation[] = [
  {
    id: 'P13',
    area: 'paxos',
    title: 'an acceptor votes below its trimmed prefix',
    edits: [
      edit('paxos/acceptor', '  if (slot <= chosen) return false;\n', ''),
      edit(
        'paxos/slots',
        '    invariant(index > this.#floor, invariants.neverVoteBelowFloor);\n',
        '    if (index <= this.#floor) return void this.#unwritten.push(slot);\n',
      ),
      edit(
        'paxos/slots',
        '      if (this.get(slot.item.index) !== slot) continue;\n',
        '      if (slot.item.index > this.#floor && this.get(slot.item.index) !== slot) continue;\n',
      ),
    ],
    suite: suite('paxos', ['acceptor', 'snapshots'], 'P13 '),
  },
  {
    id: 'P14',
    area: 'paxos',
    title: 'a leader proposes past the window',
    edits: [
      edit(
        'paxos/proposer',
        'if (slot > node.chosen + window) return;',
        'if (slot > node.chosen + 2 * window) return;',
      ),
      edit(
        'paxos/proposer',
        'invariant(slot <= node.chosen + window, invariants.withinWindow);',
        'invariant(slot <= node.chosen + 2 * window, invariants.withinWindow);',
      ),
    ],
    suite: suite('paxos', ['phase2', 'membership'], 'P14 '),
  },
  {
    id: 'P14b',
    area: 'paxos',
    title: 'new voters decide at once, and not α slots later',
    edits: [
      edit(
        'paxos/configurations',
        'slot >= index + this.#window ? voters : outgoing;',
        'slot > index ? voters : outgoing;',
      ),
    ],
    suite: suite('paxos', ['membership'], 'P14 '),
  },
  {
    id: 'P15',
    area: 'paxos',
    title: 'the log is trimmed one write before the snapshot is published',
    edits: [
      edit(
        'paxos/journal',
        `    const ops = this.#snapshots;
    this.#snapshots = [];`,
        `    const ops = this.#dropBefore === undefined ? this.#snapshots : [];
    if (this.#dropBefore === undefined) this.#snapshots = [];`,
      ),
    ],
    suite: suite('paxos', ['snapshots'], 'P15 '),
  },
  {
    id: 'P16',
    area: 'paxos',
    title: 'a value is given out that is accepted and not chosen',
    edits: [
      edit('paxos/learner', 'if (slot?.chosen !== true) break;', 'if (slot === undefined) break;'),
    ],
    suite: suite('paxos', ['phase1', 'reads'], 'P16 '),
  },
  {
    id: 'P17',
    area: 'paxos',
    title: 'a lease holder that slept past the end answers',
    edits: [
      edit(
        'core/engines/lease',
        'return !this.#revoked && now < this.#startedAt + this.#lengthMs;',
        'return !this.#revoked && this.#startedAt > Number.NEGATIVE_INFINITY;',
      ),
    ],
    suite: suite('paxos', ['lease'], 'P17 '),
  },
  {
    id: 'P18',
    area: 'paxos',
    title: 'records that are gone are read as a short log',
    edits: [
      edit(
        'paxos/recover',
        'if (records === undefined || records.last < chosen) {',
        'if (records === undefined) return;\n  if (records.last < base) {',
      ),
    ],
    suite: suite('paxos', ['durability'], 'P18 '),
  },
  {
    id: 'P18b',
    area: 'raft',
    title: 'records that are gone are read as a short log, in Raft',
    edits: [
      edit(
        'raft/recover',
        `    if (lastRun !== undefined)
      throw new CorruptError('the log has entries, but no records are there');
`,
        '',
      ),
      edit(
        'raft/recover',
        'if (lastRun === undefined ? lastIndex > state.base.index : lastIndex < lastRun.index) {',
        'if (lastRun === undefined ? lastIndex > state.base.index : lastIndex < 0) {',
      ),
    ],
    suite: suite('raft', ['unit/recover']),
  },
  {
    id: 'P19',
    area: 'paxos',
    title: 'whoever is refused begins again at once',
    edits: [
      edit(
        'paxos/election',
        'if (compareBallots(promised, own) > 0) node.follow(undefined);',
        'if (compareBallots(promised, own) > 0) beginPhase1(node, undefined);',
      ),
    ],
    suite: suite('paxos', ['elections'], 'P19 '),
  },
  {
    id: 'P19b',
    area: 'paxos',
    title: 'the time-out is not longer after a failed attempt',
    edits: [
      edit(
        'paxos/node',
        'this.#drawTimeout() * 2 ** Math.min(this.attempts, maxBackOff);',
        'this.#drawTimeout();',
      ),
    ],
    suite: suite('paxos', ['elections'], 'P19 '),
  },
  {
    id: 'P20',
    area: 'paxos',
    title: 'a prepare that got lost is not sent again',
    edits: [
      edit(
        'paxos/proposer',
        `    phase1.resendAt = node.now + settings.heartbeatMs;
    askForPromises(node, phase1);
`,
        '    phase1.resendAt = node.now + settings.heartbeatMs;\n',
      ),
    ],
    suite: suite('paxos', ['phase1'], 'P20 '),
  },
  {
    id: 'P20b',
    area: 'paxos',
    title: 'accepts that got lost are not sent again',
    edits: [
      edit(
        'paxos/peer',
        '    if (missing !== undefined && missing.at < sentAt) this.#sendAgain();\n',
        '',
      ),
    ],
    suite: suite('paxos', ['phase2'], 'P20 |R27 '),
  },
  {
    id: 'P21',
    area: 'paxos',
    title: 'a node leads because the highest ballot is its own',
    edits: [
      edit(
        'paxos/proposer',
        `  const covered = configurations
    .behind(chosen)
    .every((voters) => phase1.covers(settings.quorums, voters, chosen));
  if (covered) {`,
        `  const covered = configurations
    .behind(chosen)
    .every((voters) => phase1.covers(settings.quorums, voters, chosen));
  if (covered || sameBallot(node.promised, phase1.ballot)) {`,
      ),
    ],
    suite: suite('paxos', ['phase1'], 'P21 '),
  },
  {
    id: 'P22',
    area: 'driver',
    title: 'a forwarded command that arrives twice is taken twice',
    edits: [edit('log/duplicates', ' || known.seen.has(ticket))', ')')],
    suite: suite('log', ['duplicates', 'foreign']),
  },
  {
    id: 'P22b',
    area: 'paxos',
    title: 'a leader gives one command two slots',
    edits: [
      edit(
        'paxos/proposer',
        '  const waiting = leadership.dequeue();\n  if (waiting !== undefined) {',
        `  const waiting = leadership.dequeue();
  if (waiting !== undefined) {
    if (slot % 5 === 0) leadership.enqueue({ ...waiting, record: waiting.record.slice() });`,
      ),
    ],
    suite: suite('paxos', ['learner'], 'catching up'),
  },
  {
    id: 'P23',
    area: 'paxos',
    title: 'a round is used before it is durable, and again after a restart',
    edits: [
      edit(
        'paxos/proposer',
        "node.outbox.sendDurably(voter, { type: 'prepare'",
        "node.outbox.send(voter, { type: 'prepare'",
      ),
    ],
    suite: suite('paxos', ['phase1', 'durability'], 'P23 '),
  },
  {
    id: 'P24',
    area: 'paxos',
    title: 'the first page of a promise is taken for all of it',
    edits: [edit('paxos/phase1', 'if (next === 0) {', 'if (next >= 0) {')],
    suite: suite('paxos', ['phase1'], 'P24 '),
  },
];
