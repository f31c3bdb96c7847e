/**
 * The turn: the unit in which a node works.
 *
 * All inputs of one turn of the event loop are stepped into the engine as they come; then one
 * `take`, whose effects somebody else carries out. Also the engine's alarm clock.
 */
import type { Effects, Engine, Input, Runtime, Timer } from '@quorate/core';

/** Who takes part in a turn besides the engine. */
export interface TurnEvents<Message> {
  /** The last occasion to step inputs into the engine before it is asked what it wants done. */
  gather(): void;
  carryOut(effects: Effects<Message>): void;
  /** Something threw, and nothing is done any more. */
  failed(error: unknown): void;
}

/** Runs an engine, turn by turn. */
export class Turns<Message> {
  readonly #engine: Engine<Message>;
  readonly #runtime: Runtime;
  readonly #events: TurnEvents<Message>;
  #scheduled = false;
  #stopped = false;
  #wakeAt = Number.POSITIVE_INFINITY;
  #wake: { readonly at: number; readonly timer: Timer } | undefined;

  /** Turns so far. */
  count = 0;

  constructor(engine: Engine<Message>, runtime: Runtime, events: TurnEvents<Message>) {
    this.#engine = engine;
    this.#runtime = runtime;
    this.#events = events;
  }

  /** Whether it was stopped, or failed. Nothing may begin any more then. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Steps an input into the engine. What an engine throws is fatal, whoever asked for the step. */
  step(input: Input<Message>): void {
    if (this.#stopped) return;
    try {
      this.#engine.step(input, this.#runtime.now());
    } catch (error) {
      this.fail(error);
    }
  }

  /** Steps an input into the engine, and asks for a turn. */
  input(input: Input<Message>): void {
    this.step(input);
    this.schedule();
  }

  /** Asks for a turn. */
  schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    this.#runtime.nextTurn(() => {
      this.#scheduled = false;
      this.guard(() => {
        this.#turn();
      });
    });
  }

  /** A timer that does nothing once the turns are over. */
  setTimer(ms: number, run: () => void): Timer {
    return this.#runtime.setTimer(ms, () => {
      this.guard(run);
    });
  }

  /** Runs something whose failure is fatal; nothing once the turns are over. */
  guard(run: () => void): void {
    if (this.#stopped) return;
    try {
      run();
    } catch (error) {
      this.fail(error);
    }
  }

  /** Stops for good, without any further effect. */
  fail(error: unknown): void {
    if (this.#stopped) return;
    this.stop();
    this.#events.failed(error);
  }

  /** Stops, also in the middle of a turn. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.timer.cancel();
    this.#wake = undefined;
  }

  #turn(): void {
    this.count += 1;
    if (this.#runtime.now() >= this.#wakeAt) this.step({ type: 'tick' });
    this.#events.gather();
    if (this.#stopped) return;
    const effects = this.#engine.take();
    this.#wakeAt = effects.wakeAt;
    this.#events.carryOut(effects);
    this.#armWake();
  }

  #armWake(): void {
    // Whoever was told something in this turn may have closed the log.
    if (this.#stopped || this.#wakeAt === Number.POSITIVE_INFINITY) return;
    // An earlier timer does as well: it finds that it is too early, and is set anew.
    if (this.#wake !== undefined && this.#wake.at <= this.#wakeAt) return;
    this.#wake?.timer.cancel();
    const at = this.#wakeAt;
    const timer = this.#runtime.setTimer(Math.max(0, at - this.#runtime.now()), () => {
      this.#wake = undefined;
      this.schedule();
    });
    this.#wake = { at, timer };
  }
}
