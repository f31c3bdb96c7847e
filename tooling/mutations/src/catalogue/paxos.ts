/** More bugs of Paxos, of our own making. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

export const paxosMutations: readonly Mutation[] = [
  {
    id: 'paxos-1',
    area: 'paxos',
    title: 'a proposer takes the first vote that is reported, not the highest',
    edits: [
      edit(
        'paxos/rules',
        'if (highest === undefined || compareBallots(vote.ballot, highest.ballot) > 0) highest = vote;',
        'highest ??= vote;',
      ),
    ],
    suite: suite('paxos', ['rules', 'phase1']),
  },
  {
    id: 'paxos-2',
    area: 'paxos',
    title: 'an accept in a lower ballot of the same round is accepted',
    edits: [
      edit(
        'paxos/rules',
        `export function mayAccept(promised: Ballot, ballot: Ballot): boolean {
  return compareBallots(ballot, promised) >= 0;`,
        `export function mayAccept(promised: Ballot, ballot: Ballot): boolean {
  return ballot.round >= promised.round;`,
      ),
    ],
    suite: suite('paxos', ['rules', 'acceptor']),
  },
  {
    id: 'paxos-3',
    area: 'paxos',
    title: 'leaders are listened to in whose absence more was chosen',
    edits: [
      edit(
        'paxos/node',
        'return compareBallots(this.knownIn, this.#promised) > 0 ? this.knownIn : this.#promised;',
        'return this.#promised;',
      ),
    ],
    suite: suite('paxos', ['learner', 'snapshots', 'reconfiguration-races']),
  },
  {
    id: 'paxos-4',
    area: 'paxos',
    title: 'a change is completed before the new voters hold what was decided without them',
    edits: [edit('paxos/reconfiguration', '  if (!known) return;\n', '')],
    suite: suite('paxos', ['membership', 'reconfiguration-races', 'bounds']),
  },
  {
    id: 'paxos-5',
    area: 'paxos',
    title: 'a change is completed when the new voters hold what was decided, and would forget it',
    edits: [
      edit(
        'paxos/reconfiguration',
        '(leadership.peers.get(voter)?.known ?? 0)) >=',
        '(leadership.peers.get(voter)?.match ?? 0)) >=',
      ),
    ],
    suite: suite('paxos', ['membership', 'reconfiguration-races', 'bounds']),
  },
  {
    id: 'paxos-6',
    area: 'paxos',
    title: 'flexible quorums may miss each other by one',
    edits: [
      edit('paxos/quorums', 'return phase1 + phase2 > length', 'return phase1 + phase2 >= length'),
      edit('paxos/quorums', 'voters - phase2 + 1;', 'voters - phase2;'),
    ],
    suite: suite('paxos', ['quorums']),
  },
  {
    id: 'paxos-7',
    area: 'paxos',
    title: 'a round is called settled right behind what was reported',
    edits: [
      edit(
        'paxos/leadership',
        'this.fillThrough = this.recoverThrough + this.#window;',
        'this.fillThrough = this.recoverThrough;',
      ),
    ],
    suite: suite('paxos', ['settled']),
  },
  {
    id: 'paxos-8',
    area: 'paxos',
    title: 'a quorum read takes the lowest of the answers',
    edits: [
      edit(
        'paxos/quorum-reads',
        'return enough ? Math.max(...answers.values()) : undefined;',
        'return enough ? Math.min(...answers.values()) : undefined;',
      ),
    ],
    suite: suite('paxos', ['reads']),
  },
  {
    id: 'paxos-9',
    area: 'paxos',
    title: 'a quorum read asks the old voters alone where others decide by now',
    edits: [
      edit(
        'paxos/quorum-reads',
        `else if (knowsNoOthers(node, each.asked)) this.#giveOut(node, each);
      // Meanwhile others decide: they have to be asked, too.
      else this.#open.push(...each.tickets);`,
        'else this.#giveOut(node, each);',
      ),
    ],
    suite: suite('paxos', ['reads']),
  },
  {
    id: 'paxos-10',
    area: 'paxos',
    title: 'a restarted acceptor answers before it has read its own votes',
    edits: [
      edit(
        'paxos/engine',
        'if (node.readBack.done) receive(node, input.from, input.message);',
        'receive(node, input.from, input.message);',
      ),
    ],
    suite: suite('paxos', ['durability'], 'before it has read its votes back'),
  },
  {
    id: 'paxos-11',
    area: 'paxos',
    title: 'a slot is trimmed whose own vote is not durable yet',
    edits: [
      edit(
        'paxos/snapshot',
        'return Math.min(node.shipments.heldIndex(node), node.slots.floor);',
        'return node.shipments.heldIndex(node);',
      ),
    ],
    suite: suite('paxos', ['snapshots']),
  },
  {
    id: 'paxos-12',
    area: 'paxos',
    title: 'a snapshot claims that a round is settled by a record behind it',
    edits: [
      edit(
        'paxos/snapshot',
        'settledRound: node.settledAt <= index ? settledRound : 0,',
        'settledRound,',
      ),
    ],
    suite: suite('paxos', ['settled', 'snapshots']),
  },
  {
    id: 'paxos-13',
    area: 'paxos',
    title: 'a take-over that comes late breaks the word given to another leader',
    edits: [
      edit(
        'paxos/election',
        'if (transfer !== undefined && sameBallot(transfer, node.promised)) return false;',
        'if (transfer !== undefined) return false;',
      ),
      // Alone it would do no harm: a node that takes over takes the very next round.
      edit(
        'paxos/proposer',
        'const seen = transfer === undefined ? node.roundsSeen : 0;',
        'const seen = node.roundsSeen;',
      ),
    ],
    suite: suite('paxos', ['transfer'], 'R5 '),
  },
  {
    id: 'paxos-14',
    area: 'paxos',
    title: 'a vote that takes the place of another one is not written',
    edits: [
      edit(
        'paxos/acceptor',
        '    chosen: false,\n    write: undefined,',
        '    chosen: false,\n    write: before?.write,',
      ),
    ],
    suite: suite('paxos', ['acceptor']),
  },
  {
    id: 'paxos-15',
    area: 'paxos',
    title: 'the lease outlasts a transfer, in Paxos',
    edits: [edit('paxos/transfer', '  leadership.lease.revoke();\n', '')],
    suite: suite('paxos', ['transfer'], 'R5 '),
  },
  {
    id: 'paxos-16',
    area: 'paxos',
    title: 'a lease counts from the arrival of answers, in Paxos',
    edits: [
      edit(
        'paxos/reads',
        '  leadership.lease.extend(sentAt);\n',
        '  if (sentAt > leadership.contactAt) leadership.lease.extend(node.now);\n',
      ),
    ],
    suite: suite('paxos', ['lease'], 'R4 '),
  },
  {
    id: 'paxos-17',
    area: 'paxos',
    title: 'voters that were never heard of count for a read or a lease',
    edits: [
      edit(
        'paxos/quorums',
        'const agrees = (voter: NodeId): boolean => (reached(voter) ?? best) >= value;',
        'const agrees = (voter: NodeId): boolean => (reached(voter) ?? value) >= value;',
      ),
    ],
    suite: suite('paxos', ['quorums', 'lease']),
  },
  {
    id: 'paxos-18',
    area: 'paxos',
    title: 'promise and vote reach the disk in two writes',
    edits: [
      edit(
        'paxos/journal',
        "if (this.#stateChanged || hintDue) ops.push({ type: 'state', bytes: this.#encode(node) });",
        "if ((this.#stateChanged || hintDue) && ops.every(({ type }) => type !== 'put')) {\n      ops.push({ type: 'state', bytes: this.#encode(node) });\n    }",
      ),
    ],
    suite: suite('paxos', ['durability'], 'R17 '),
  },
  {
    id: 'paxos-19',
    area: 'paxos',
    title: 'what is chosen is read from the disk before it is there',
    edits: [edit('paxos/node', 'const last = Math.min(to, floor);', 'const last = to;')],
    suite: suite('paxos', ['learner'], 'still holds'),
  },
];
