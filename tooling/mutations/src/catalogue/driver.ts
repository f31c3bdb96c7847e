/** Bugs of the driver, between engine, disk, network and callers. */
import type { Mutation } from '../mutation.ts';
import { edit, suite } from './writing.ts';

export const driverMutations: readonly Mutation[] = [
  {
    id: 'driver-1',
    area: 'driver',
    title: 'messages leave before the write that they depend on',
    edits: [
      edit(
        'log/group-commit',
        'if (send.after === undefined || send.after <= this.#durable) {',
        'if (send.after === undefined || send.after <= this.#durable + 1) {',
      ),
    ],
    suite: suite('log', ['group-commit']),
  },
  {
    id: 'driver-2',
    area: 'driver',
    title: 'after a write that failed the next one is acknowledged',
    edits: [
      edit(
        'log/group-commit',
        `      .catch((error: unknown) => {
        this.#stopped = true;`,
        '      .catch((error: unknown) => {',
      ),
    ],
    suite: suite('log', ['group-commit'], 'a storage that failed'),
  },
  {
    id: 'driver-3',
    area: 'driver',
    title: 'two batches are under way at once, and the later one may be durable first',
    edits: [
      edit(
        'log/group-commit',
        'if (this.#busy !== undefined || this.#stopped || last === undefined) return;',
        'if (this.#stopped || last === undefined) return;',
      ),
    ],
    suite: suite('log', ['group-commit']),
  },
  {
    id: 'driver-4',
    area: 'driver',
    title: 'an entry of a former run with the same ticket is taken for one of this run',
    edits: [
      edit(
        'log/requests',
        'const own = incarnation === this.#incarnation ? this.#handedOn.get(ticket) : undefined;',
        'const own = incarnation >= 0 ? this.#handedOn.get(ticket) : undefined;',
      ),
    ],
    suite: suite('log', ['requests'], 'outcomes'),
  },
  {
    id: 'driver-5',
    area: 'driver',
    title: 'a request is handed on again under its old ticket',
    edits: [
      edit(
        'log/requests',
        '    const ticket = this.#route.nextTicket();\n    pending.ticket = ticket;',
        `    const ticket = pending.ticket === 0 ? this.#route.nextTicket() : pending.ticket;
    pending.ticket = ticket;`,
      ),
    ],
    suite: suite('log', ['requests'], 'outcomes'),
  },
  {
    id: 'driver-6',
    area: 'driver',
    title: 'nobody notices that another entry was decided where one was accepted',
    edits: [
      edit(
        'log/requests',
        '      if (expected !== undefined && expected !== own) this.#again(expected);\n',
        '      if (expected !== undefined && expected !== own) this.#accepted.delete(index);\n',
      ),
    ],
    suite: suite('log', ['requests'], 'outcomes'),
  },
  {
    id: 'driver-7',
    area: 'driver',
    title: 'what a snapshot jumped over is handed on again, and may happen twice',
    edits: [
      edit(
        'log/requests',
        `      if (pending.index !== undefined && pending.index <= index) {
        this.#settle(pending, jumpedOver());`,
        `      if (pending.index !== undefined && pending.index <= index) {
        this.#again(pending);`,
      ),
    ],
    suite: suite('log', ['requests'], 'outcomes'),
  },
  {
    id: 'driver-8',
    area: 'driver',
    title: 'what may stand in a snapshot is handed on again when its epoch is over',
    edits: [
      edit(
        'log/requests',
        `          if (pending.mayBeJumpedOver) this.#settle(pending, jumpedOver());
          else this.#again(pending);`,
        '          this.#again(pending);',
      ),
    ],
    suite: suite('log', ['requests'], 'outcomes'),
  },
  {
    id: 'driver-9',
    area: 'driver',
    title: 'requests of the present epoch are taken for settled',
    edits: [
      edit(
        'log/requests',
        'if (pending.epoch >= epoch) continue;',
        'if (pending.epoch > epoch) continue;',
      ),
    ],
    suite: suite('log', ['requests', 'log']),
  },
  {
    id: 'driver-10',
    area: 'driver',
    title: 'a command that may still happen is told to be definitely not done',
    edits: [
      edit(
        'log/requests',
        'this.#settle(pending, tooLate(pending.body.kind));',
        'this.#settle(pending, neverHandedOn(pending.body.kind));',
      ),
    ],
    suite: suite('log', ['requests'], 'outcomes'),
  },
  {
    id: 'driver-11',
    area: 'driver',
    title: 'a forwarded request is taken in another epoch than it names',
    edits: [
      edit(
        'log/foreign',
        'if (epoch !== this.#route.epoch()) {',
        'if (this.#route.epoch() === undefined) {',
      ),
    ],
    suite: suite('log', ['foreign']),
  },
  {
    id: 'driver-12',
    area: 'driver',
    title: 'a request meant for a former run of this node is carried out',
    edits: [edit('log/foreign', '    if (target !== this.#incarnation) return;\n', '')],
    suite: suite('log', ['foreign']),
  },
  {
    id: 'driver-13',
    area: 'driver',
    title: 'entries are delivered while the consumer restores a snapshot',
    edits: [
      edit(
        'log/delivery',
        'if (this.#restoring === undefined) this.#deliver(records);',
        'if (this.#restoring === undefined || this.#applied > 0) this.#deliver(records);',
      ),
    ],
    suite: suite('log', ['delivery']),
  },
  {
    id: 'driver-14',
    area: 'driver',
    title: 'a snapshot is installed that is not what was offered',
    edits: [
      edit(
        'log/snapshot-receiver',
        'if (writer.checksum !== checksum) {',
        'if (writer.bytes !== totalBytes) {',
      ),
    ],
    suite: suite('log', ['snapshot-receiver', 'snapshot-transfer']),
  },
  {
    id: 'driver-15',
    area: 'driver',
    title: 'chunks of two runs of a sender are put together',
    edits: [
      edit(
        'log/snapshot-receiver',
        'return left.from === right.from && left.run === right.run && left.transfer === right.transfer;',
        'return left.from === right.from && left.transfer === right.transfer;',
      ),
    ],
    suite: suite('log', ['snapshot-receiver'], 'two runs'),
  },
  {
    id: 'driver-16',
    area: 'driver',
    title: 'an epoch is called settled before all that was decided in it is delivered',
    edits: [
      edit(
        'log/driver',
        'if (settledEpoch > this.#settledEpoch && this.#delivery.applied >= commitIndex) {',
        'if (settledEpoch > this.#settledEpoch && commitIndex >= 0) {',
      ),
    ],
    suite: suite('log', ['cluster', 'log']),
  },
  {
    id: 'driver-17',
    area: 'driver',
    title: 'an answer to a former run of this node is taken for one to this run',
    edits: [
      edit(
        'log/driver',
        'if (message.target === this.#parts.incarnation) this.#settle(message.outcome, from);',
        'this.#settle(message.outcome, from);',
      ),
    ],
    suite: suite('log', ['log'], 'former run'),
  },
  {
    id: 'driver-18',
    area: 'driver',
    title: 'what a voter had applied before it was removed still counts when it is back',
    edits: [
      edit(
        'log/applied-watch',
        'for (const table of [this.#reported, this.#watchers]) {',
        'for (const table of [this.#watchers]) {',
      ),
    ],
    suite: suite('log', ['applied-watch']),
  },
  {
    id: 'driver-19',
    area: 'driver',
    title: 'the state of a snapshot is looked at after staging, when more is applied',
    edits: [
      edit(
        'log/snapshot-taker',
        `      const { index, chunks } = this.#route.snapshot();
      const writer = await this.#snapshots.stage();`,
        `      const index = this.#route.applied();
      const writer = await this.#snapshots.stage();
      const { chunks } = this.#route.snapshot();`,
      ),
    ],
    suite: suite('log', ['snapshot-taker'], 'the index that its state is of'),
  },
];
