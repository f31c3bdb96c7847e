/** One life of a node: from a start of its process to its end. Whatever it set going ends with it. */
import type { Owner } from '../world/schedule.ts';

/** A process. */
export class Life implements Owner {
  readonly number: number;
  pausedUntil = 0;
  #ended = false;
  readonly #endings = new Set<() => void>();

  constructor(number: number) {
    this.number = number;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Calls back when it ends, until the function that it returns is called. */
  onEnd(act: () => void): () => void {
    this.#endings.add(act);
    return () => {
      this.#endings.delete(act);
    };
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const act of this.#endings) act();
    this.#endings.clear();
  }
}
