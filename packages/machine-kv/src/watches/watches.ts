/**
 * All who watch a machine.
 *
 * None of this is replicated: who watches is a matter of one node, and whatever happens here changes no state.
 */
import { InvalidArgumentError } from '@quorate/core';
import type { Store } from '../store.ts';
import { watchProblem } from '../validate.ts';
import { KvCursor, type Surroundings } from './cursor.ts';
import type { KvWatch } from './requests.ts';
import { Waiting } from './waiting.ts';

export class Watches implements Surroundings {
  readonly waiting: Waiting<KvCursor> = new Waiting();
  #store: Store;
  /** To be told at the end of the command. */
  #woken: KvCursor[] = [];

  constructor(store: Store) {
    this.#store = store;
    this.#follow(store);
  }

  get store(): Store {
    return this.#store;
  }

  /**
   * @throws InvalidArgumentError if the request makes no sense.
   * @throws CompactedError if it begins with what was forgotten.
   */
  open(request: KvWatch, wake: () => void): KvCursor {
    const problem = watchProblem(request);
    if (problem !== undefined) throw new InvalidArgumentError(problem);
    return new KvCursor(request, this, wake);
  }

  wake(cursor: KvCursor): void {
    this.#woken.push(cursor);
  }

  /** Tells whom the command concerns, once its revision is whole. */
  flush(): void {
    if (this.#woken.length === 0) return;
    const woken = this.#woken;
    this.#woken = [];
    for (const cursor of woken) cursor.tell();
  }

  /** Goes on with another map. */
  replace(store: Store): void {
    for (const cursor of this.waiting.all()) cursor.moved();
    this.#store = store;
    this.#follow(store);
  }

  #follow(store: Store): void {
    store.observe((id) => {
      if (this.waiting.size === 0) return;
      for (const cursor of this.waiting.forKey(store.keyOf(id))) cursor.changed(id);
    });
  }
}
