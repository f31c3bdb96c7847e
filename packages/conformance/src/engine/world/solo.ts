/**
 * One engine, driven by hand: for rules that are about a single input and what comes of it.
 *
 * The disk is instant unless a test holds it back; time passes only where a test says so.
 */
import { emptyMembership, encodeEntry, membershipOf, seededRandom, utf8 } from '@quorate/core';
import type {
  Algorithm,
  CommittedRecord,
  Effects,
  Engine,
  EngineStatus,
  Input,
  Load,
  LogRecord,
  Membership,
  MembershipChange,
  NodeId,
  Outcome,
  ReadGuarantee,
  ReadReady,
  Send,
  StagedSnapshot,
  Write,
  WriteId,
} from '@quorate/core';
import { Image } from '@quorate/core/checks';

/** How a {@link SoloEngine} starts. */
export interface SoloEngineOptions {
  /** @default n1 */
  readonly node?: NodeId;
  /** Nobody: a node that is to be added later. @default n1, n2, n3 */
  readonly voters?: readonly NodeId[];
  /** What its disk holds. @default nothing */
  readonly image?: Image;
  /** Writes wait for `store`, and pages for `page`. @default false */
  readonly slowDisk?: boolean;
}

/** One engine, and everything that it has wanted done so far. */
export class SoloEngine<Message> {
  readonly node: NodeId;
  readonly engine: Engine<Message>;
  /** What is durable. */
  readonly image: Image;
  readonly sent: Send<Message>[] = [];
  readonly committed: CommittedRecord[] = [];
  readonly outcomes: Outcome[] = [];
  readonly reads: ReadReady[] = [];
  readonly loads: Load[] = [];
  readonly writes: Write[] = [];
  readonly restored: StagedSnapshot[] = [];
  readonly ships: NodeId[] = [];
  readonly #headerBytes: number;
  readonly #slowDisk: boolean;
  readonly #unstored: Write[] = [];
  #now = 1000;
  #wakeAt: number;
  #tickets = 0;

  constructor(algorithm: Algorithm<Message>, options: SoloEngineOptions = {}) {
    const { node = 'n1', voters = ['n1', 'n2', 'n3'] } = options;
    this.node = node;
    this.image = options.image?.copy() ?? new Image();
    this.#headerBytes = algorithm.headerBytes;
    this.#slowDisk = options.slowDisk ?? false;
    this.engine = algorithm.create({
      node,
      recovered: this.image.recovered(),
      bootstrap: groupOf(voters),
      random: seededRandom(7),
      now: this.#now,
    });
    this.#wakeAt = this.#take().wakeAt;
    if (!this.#slowDisk) this.store().page();
  }

  get status(): EngineStatus {
    return this.engine.status;
  }

  get leads(): boolean {
    return this.engine.status.role === 'leader';
  }

  /** The only clock there is, ms. */
  get now(): number {
    return this.#now;
  }

  get wakeAt(): number {
    return this.#wakeAt;
  }

  /** One turn with these inputs. */
  step(...inputs: readonly Input<Message>[]): this {
    for (const input of inputs) this.engine.step(input, this.#now);
    this.#wakeAt = this.#take().wakeAt;
    if (!this.#slowDisk) this.store().page();
    return this;
  }

  /** One turn with these messages. */
  receive(from: NodeId, ...messages: readonly Message[]): this {
    return this.step(...messages.map((message) => ({ type: 'receive' as const, from, message })));
  }

  /** Lets time pass without telling the engine. */
  wait(ms: number): this {
    this.#now += ms;
    return this;
  }

  /** Lets time pass up to the next moment at which the engine wants a tick. */
  tick(): this {
    this.#now = Math.max(this.#now, this.#wakeAt);
    return this.step({ type: 'tick' });
  }

  /** Proposes a command; the ticket. */
  propose(payload: string | Uint8Array = 'x'): number {
    const ticket = ++this.#tickets;
    const payloads = [typeof payload === 'string' ? utf8(payload) : payload];
    const entry = { kind: 'commands', time: 1, incarnation: 1, ticket, payloads } as const;
    this.step({ type: 'propose', ticket, record: encodeEntry(entry, this.#headerBytes) });
    return ticket;
  }

  /** Reads; the ticket. */
  read(guarantee: ReadGuarantee = 'linearizable'): number {
    const ticket = ++this.#tickets;
    this.step({ type: 'read', ticket, guarantee });
    return ticket;
  }

  /** Changes the membership; the ticket. */
  reconfigure(...change: MembershipChange): number {
    const ticket = ++this.#tickets;
    this.step({ type: 'reconfigure', ticket, change });
    return ticket;
  }

  /** Hands leadership over; the ticket. */
  transfer(to?: NodeId): number {
    const ticket = ++this.#tickets;
    this.step({ type: 'transfer', ticket, ...(to === undefined ? {} : { to }) });
    return ticket;
  }

  /** Publishes a snapshot of everything up to the index; the ticket. */
  compact(index: number): number {
    const ticket = ++this.#tickets;
    this.step(
      { type: 'applied', index },
      { type: 'compact', ticket, snapshot: { id: `snapshot-${String(ticket)}`, index } },
    );
    return ticket;
  }

  /** Installs a snapshot from elsewhere; the ticket. */
  install(index: number, context: Uint8Array): number {
    const ticket = ++this.#tickets;
    const snapshot = { id: `snapshot-${String(ticket)}`, index };
    this.step({ type: 'install', ticket, snapshot, context });
    return ticket;
  }

  /** How a request ended; `undefined` while it is open. */
  ending(ticket: number): Outcome | undefined {
    return this.outcomes.findLast((outcome) => outcome.ticket === ticket);
  }

  /** Makes writes durable up to one of them, or all, and says so. */
  store(upTo: WriteId = Number.POSITIVE_INFINITY): this {
    while (this.#unstored[0] !== undefined && this.#unstored[0].id <= upTo) {
      const write = this.#unstored.shift();
      if (write === undefined) break;
      this.image.apply(write.ops);
      this.stored(write.id);
    }
    return this;
  }

  /** Reports a write as durable, whatever is true. */
  stored(write: WriteId): this {
    this.engine.step({ type: 'stored', write }, this.#now);
    this.#wakeAt = this.#take().wakeAt;
    return this;
  }

  /** Answers what is to be read from disk. */
  page(): this {
    for (let load = this.loads.shift(); load !== undefined; load = this.loads.shift()) {
      const records: LogRecord[] = [];
      for (let index = load.from, bytes = 0; index <= load.to; index++) {
        const record = this.image.record(index);
        if (record === undefined) continue;
        bytes += record.length;
        if (records.length > 0 && bytes > load.maxBytes) break;
        records.push({ index, record });
      }
      this.step({ type: 'loaded', load: load.id, records });
    }
    return this;
  }

  /** Messages sent to a node since the last `forget`, whatever they wait for. */
  sentTo(to: NodeId): readonly Message[] {
    return this.sent.filter((send) => send.to === to).map((send) => send.message);
  }

  /** Forgets what was sent so far. */
  forget(): this {
    this.sent.length = 0;
    return this;
  }

  #take(): Effects<Message> {
    const effects = this.engine.take();
    this.sent.push(...effects.sends);
    this.committed.push(...effects.committed);
    this.outcomes.push(...effects.outcomes);
    this.reads.push(...effects.reads);
    if (effects.restored !== undefined) this.restored.push(effects.restored);
    this.loads.push(...effects.loads);
    this.ships.push(...effects.ships.map(({ to }) => to));
    this.writes.push(...effects.writes);
    this.#unstored.push(...effects.writes);
    return effects;
  }
}

function groupOf(voters: readonly NodeId[]): Membership {
  return voters.length === 0 ? emptyMembership : membershipOf(voters.map((id) => ({ id })));
}
