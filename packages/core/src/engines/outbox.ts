/**
 * Gathers what the steps of one turn want done, until `take` hands it out.
 */
import type {
  CommittedRecord,
  Effects,
  Load,
  Outcome,
  ReadReady,
  RejectReason,
  Send,
  Ship,
  StagedSnapshot,
  Write,
} from '../engine.ts';
import type { LogIndex, NodeId, Ticket, WriteId } from '../ids.ts';

/** Effects under way. */
export class Outbox<Message> {
  #sends: Send<Message>[] = [];
  /** These wait for the write of this turn, whose number is not known yet. */
  #durableSends: Send<Message>[] = [];
  #committed: CommittedRecord[] = [];
  #reads: ReadReady[] = [];
  #outcomes: Outcome[] = [];
  #loads: Load[] = [];
  #ships: Ship[] = [];
  #restored: StagedSnapshot | undefined;

  /** Sends at once. */
  send(to: NodeId, message: Message): void {
    this.#sends.push({ to, message });
  }

  /** Sends in passing: with whatever else goes there next, or a little later. Never together with `after`. */
  sendInPassing(to: NodeId, message: Message): void {
    this.#sends.push({ to, message, mayWait: true });
  }

  /** Sends once everything that this turn changes, and everything before it, is durable. */
  sendDurably(to: NodeId, message: Message): void {
    this.#durableSends.push({ to, message });
  }

  commit(record: CommittedRecord): void {
    this.#committed.push(record);
  }

  restore(snapshot: StagedSnapshot): void {
    this.#restored = snapshot;
  }

  readReady(ticket: Ticket, index: LogIndex): void {
    this.#reads.push({ ticket, index });
  }

  accept(ticket: Ticket, index: LogIndex): void {
    this.#outcomes.push({ type: 'accepted', ticket, index });
  }

  done(ticket: Ticket, index: LogIndex): void {
    this.#outcomes.push({ type: 'done', ticket, index });
  }

  unknown(ticket: Ticket): void {
    this.#outcomes.push({ type: 'unknown', ticket });
  }

  reject(ticket: Ticket, reason: RejectReason, detail?: string): void {
    this.#outcomes.push(
      detail === undefined
        ? { type: 'rejected', ticket, reason }
        : { type: 'rejected', ticket, reason, detail },
    );
  }

  rejectNotLeader(ticket: Ticket, leader: NodeId | undefined): void {
    this.#outcomes.push(
      leader === undefined
        ? { type: 'rejected', ticket, reason: 'not-leader' }
        : { type: 'rejected', ticket, reason: 'not-leader', leader },
    );
  }

  load(load: Load): void {
    this.#loads.push(load);
  }

  ship(to: NodeId): void {
    this.#ships.push({ to });
  }

  /**
   * Hands everything out and starts over.
   *
   * @param after the write that durable messages wait for; `undefined` where all is durable.
   */
  take(write: Write | undefined, after: WriteId | undefined, wakeAt: number): Effects<Message> {
    for (const letter of this.#durableSends) {
      this.#sends.push(after === undefined ? letter : { ...letter, after });
    }
    const effects: Effects<Message> = {
      writes: write === undefined ? nothing : [write],
      sends: handOut(this.#sends),
      committed: handOut(this.#committed),
      restored: this.#restored,
      reads: handOut(this.#reads),
      outcomes: handOut(this.#outcomes),
      loads: handOut(this.#loads),
      ships: handOut(this.#ships),
      wakeAt,
    };
    // A list that stayed empty was not handed out, and is filled by the next turn.
    if (this.#sends.length > 0) this.#sends = [];
    if (this.#durableSends.length > 0) this.#durableSends = [];
    if (this.#committed.length > 0) this.#committed = [];
    if (this.#reads.length > 0) this.#reads = [];
    if (this.#outcomes.length > 0) this.#outcomes = [];
    if (this.#loads.length > 0) this.#loads = [];
    if (this.#ships.length > 0) this.#ships = [];
    this.#restored = undefined;
    return effects;
  }
}

/** All that an outbox takes but messages: what does not depend on how the algorithm speaks. */
export type LocalEffects = Omit<Outbox<never>, 'send' | 'sendInPassing' | 'sendDurably' | 'take'>;

/** Nobody may add to effects, so all empty lists may be one. */
const nothing: readonly never[] = Object.freeze([]);

function handOut<T>(list: readonly T[]): readonly T[] {
  return list.length === 0 ? nothing : list;
}
