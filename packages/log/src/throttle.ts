/**
 * A token bucket: keeps what snapshots cost below a rate, so that commands stay quick meanwhile.
 *
 * Whatever is large asks here before each piece, and passes in the order of asking, one piece a turn
 * of the event loop: also without any rate nothing large can hold the loop for longer than a piece.
 */
import { ClosedError, type Timer } from '@quorate/core';

/** The part of a runtime that a throttle needs. */
export interface ThrottleClock {
  now(): number;
  setTimer(ms: number, run: () => void): Timer;
  nextTurn(run: () => void): void;
}

interface Waiting {
  readonly bytes: number;
  readonly resolve: () => void;
  readonly reject: (error: ClosedError) => void;
}

/** Time without use that is made up for later: timers are late, and the rate must be reached. */
export const slackMs = 20;

/** Lets bytes pass, not faster than a rate. */
export class Throttle {
  readonly #clock: ThrottleClock;
  readonly #bytesPerMs: number;
  #waiting: Waiting[] = [];
  /** When everything that has passed is paid for; in the past where there are tokens left. */
  #paidAt: number = Number.NEGATIVE_INFINITY;
  /** Whether somebody is about to be let through. */
  #armed = false;
  #timer: Timer | undefined;
  #closed = false;

  /** @param bytesPerSecond Infinity: one piece a turn, and no other bound. */
  constructor(clock: ThrottleClock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#bytesPerMs = bytesPerSecond / 1000;
  }

  /**
   * Waits until so many bytes may pass. In any time there pass at most the rate times (that time and
   * {@link slackMs}), and one piece.
   *
   * @throws ClosedError if it is closed before.
   */
  pass(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(closed());
        return;
      }
      this.#waiting.push({ bytes, resolve, reject });
      this.#arm();
    });
  }

  /** Turns everybody away. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    for (const { reject } of this.#waiting) reject(closed());
    this.#waiting = [];
  }

  #arm(): void {
    if (this.#armed || this.#waiting.length === 0) return;
    this.#armed = true;
    const waitMs = this.#paidAt - this.#clock.now();
    const next = (): void => {
      this.#armed = false;
      this.#next();
    };
    if (waitMs > 0) this.#timer = this.#clock.setTimer(waitMs, next);
    else this.#clock.nextTurn(next);
  }

  #next(): void {
    const first = this.#waiting.shift();
    if (first === undefined) return;
    const earliest = this.#clock.now() - slackMs;
    this.#paidAt = Math.max(this.#paidAt, earliest) + first.bytes / this.#bytesPerMs;
    first.resolve();
    this.#arm();
  }
}

function closed(): ClosedError {
  return new ClosedError('the log is closed; nothing large is read or written any more');
}
