/** Random moments in the life of a process, from what it says of itself. */
import type { Random } from '@quorate/core';
import type { LifeEvent } from '../processes/events.ts';
import type { Victim } from './host.ts';

/** When something is done. */
export interface Moment {
  readonly event: LifeEvent['type'];
  /** After the so-manieth of this kind. */
  readonly nth: number;
  readonly delayMs: number;
}

/** Does something at a moment, once; or not at all, where the moment does not come. */
export class Trigger {
  readonly #moment: Moment;
  readonly #act: (victim: Victim) => void;
  #left: number;
  #pulled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(moment: Moment, act: (victim: Victim) => void) {
    this.#moment = moment;
    this.#left = moment.nth;
    this.#act = act;
  }

  /** Takes the events of a process. */
  readonly onEvent = (event: LifeEvent, victim: Victim): void => {
    if (this.#pulled || event.type !== this.#moment.event || --this.#left > 0) return;
    this.#pulled = true;
    const { delayMs } = this.#moment;
    // Timers are no finer than a millisecond: below that it is at once.
    if (delayMs < 1) this.#act(victim);
    else this.#timer = setTimeout(() => this.#act(victim), delayMs);
  };

  /** It is too late now. */
  disarm(): void {
    clearTimeout(this.#timer);
  }
}

/** Kills at a moment. Whoever ends before has been lucky. */
export function killerOf(moment: Moment): Trigger {
  return new Trigger(moment, (victim) => victim.kill());
}

/** A moment in a life of so many writes. */
export function momentOfLife(random: Random, writes: number): Moment {
  const delayMs = random.chance(0.3) ? 0 : random.between(0, 25);
  const draw = random.next();
  if (draw < 0.1) return { event: 'opening', nth: 1, delayMs: random.between(0, 60) };
  if (draw < 0.5) return { event: 'called', nth: 1 + random.below(writes), delayMs };
  if (draw < 0.65) return { event: 'acknowledged', nth: 1 + random.below(writes), delayMs };
  if (draw < 0.8) return { event: 'staging', nth: 1 + random.below(3), delayMs };
  if (draw < 0.85) return { event: 'staged', nth: 1 + random.below(3), delayMs };
  if (draw < 0.9) return { event: 'publishing', nth: 1 + random.below(3), delayMs };
  return { event: 'closing', nth: 1, delayMs: random.chance(0.5) ? 0 : random.between(0, 6) };
}

/** A moment in which what the last life left is being repaired. */
export function momentOfRecovery(random: Random): Moment {
  return { event: 'opening', nth: 1, delayMs: random.between(0, 60) };
}
