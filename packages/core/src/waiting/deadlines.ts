/**
 * Deadlines of everything that waits, without a timer each: a hashed timing wheel (Varghese and
 * Lauck 1987, scheme 6). Adding and removing take a few pointer writes, and one timer of the runtime
 * serves all; with nothing to wait for there is none.
 *
 * Deadlines are coarse: they are met up to {@link tickMs} late and never early.
 */
import type { ClosedError } from '../errors.ts';
import type { Runtime, Timer } from '../runtime.ts';

/** Span of one slot of the wheel. */
export const tickMs = 20;

/** One round of the wheel is a little more than the default time-outs: most entries are looked at once. */
const slotCount = 512;

/** Something that is given up at a point in time. Also a link in the list of its slot. */
export class Deadline {
  /** Monotonic ms. */
  at: number = Infinity;
  /** Neighbours in a circle; on its own where it is in no list. */
  previous: Deadline = this;
  next: Deadline = this;

  /** Its time is up; or, with `closed`, nobody can help it any more. It is in no list by then. */
  giveUp(_closed?: ClosedError): void {
    return undefined;
  }

  /** Takes it out of the wheel; does nothing where it is not in one. */
  unlink(): void {
    this.previous.next = this.next;
    this.next.previous = this.previous;
    this.previous = this;
    this.next = this;
  }
}

/** All deadlines of one kind. */
export class Deadlines {
  readonly #runtime: Runtime;
  /** The head of the circle of each slot that was ever needed: most wheels live long and turn with little in them. */
  readonly #wheel: (Deadline | undefined)[] = new Array<Deadline | undefined>(slotCount);
  #timer: Timer | undefined;
  /** Tick for which the timer is set. */
  #wakeTick = Infinity;
  /** Up to this tick everything is given up. */
  #sweptTick = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Gives `deadline` up in `timeoutMs` (at least 1), unless it is unlinked before. */
  add(deadline: Deadline, timeoutMs: number): void {
    deadline.at = this.#runtime.now() + timeoutMs;
    const tick = Math.ceil(deadline.at / tickMs);
    const head = this.#slot(tick);
    deadline.previous = head.previous;
    deadline.next = head;
    head.previous.next = deadline;
    head.previous = deadline;
    if (tick < this.#wakeTick) this.#arm(tick);
  }

  /** Gives everything up at once and takes the timer back. */
  close(closed: ClosedError): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#wakeTick = Infinity;
    for (const deadline of this.#takeDue(0, slotCount, Infinity)) deadline.giveUp(closed);
  }

  #slot(tick: number): Deadline {
    return (this.#wheel[tick % slotCount] ??= new Deadline());
  }

  #arm(tick: number): void {
    this.#timer?.cancel();
    this.#wakeTick = tick;
    this.#timer = this.#runtime.setTimer(tick * tickMs - this.#runtime.now(), () => {
      this.#sweep();
    });
  }

  #sweep(): void {
    const nowTick = Math.floor(this.#runtime.now() / tickMs);
    const first = this.#sweptTick + 1;
    this.#sweptTick = Math.max(this.#sweptTick, nowTick);
    const due = this.#takeDue(first, Math.min(nowTick - first + 1, slotCount), nowTick * tickMs);
    this.#timer = undefined;
    this.#wakeTick = Infinity;
    // The next slot that holds something; perhaps for a later round, then it is looked at in vain.
    for (let tick = nowTick + 1; tick <= nowTick + slotCount; tick++) {
      const head = this.#wheel[tick % slotCount];
      if (head === undefined || head.next === head) continue;
      this.#arm(tick);
      break;
    }
    for (const deadline of due) deadline.giveUp();
  }

  /** Unlinks whatever is due in these slots, before any of it runs: what runs may unlink others. */
  #takeDue(firstTick: number, ticks: number, dueAt: number): readonly Deadline[] {
    const due: Deadline[] = [];
    for (let tick = firstTick; tick < firstTick + ticks; tick++) {
      const head = this.#wheel[tick % slotCount];
      if (head === undefined) continue;
      for (let deadline = head.next; deadline !== head; ) {
        const { next } = deadline;
        if (deadline.at <= dueAt) {
          deadline.unlink();
          due.push(deadline);
        }
        deadline = next;
      }
    }
    return due;
  }
}
