/**
 * The life of a storage: opened once, closed once, in whatever order that is asked for.
 */
import { ClosedError, InvalidArgumentError, type Recovered } from '@quorate/core';
import { translate } from './transaction.ts';

/** What a storage does when its life changes. */
export interface LifecycleSteps {
  open(): Promise<Recovered>;
  /** Closes everything in good order. Only after an open that went well. */
  close(): Promise<void>;
  /** Lets go of whatever there is; the last step of every life that began to open. */
  letGo(): Promise<void>;
}

/** Where in its life a storage is. */
export class Lifecycle {
  #phase: 'new' | 'opening' | 'open' | 'closed' = 'new';
  #opening: Promise<Recovered> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ClosedError unless the storage is open. */
  checkOpen(): void {
    if (this.#phase === 'open') return;
    throw new ClosedError(
      this.#phase === 'closed'
        ? 'the storage is closed; make a new one'
        : 'the storage is not open yet; open it',
    );
  }

  /**
   * Opens.
   *
   * @throws ClosedError or InvalidArgumentError if it is not the first time.
   */
  async open(steps: LifecycleSteps): Promise<Recovered> {
    if (this.#phase === 'closed') throw new ClosedError('the storage was closed; make a new one');
    if (this.#phase !== 'new')
      throw new InvalidArgumentError('open() was called before; call it once');
    this.#phase = 'opening';
    this.#opening = steps.open();
    try {
      const recovered = await this.#opening;
      // close() may have been called meanwhile; it waits for this, and closes what was opened.
      if (this.#closing === undefined) this.#phase = 'open';
      return recovered;
    } catch (error) {
      this.#phase = 'closed';
      await steps.letGo();
      throw translate('the storage cannot be opened', error);
    }
  }

  /** Closes; idempotent, also before an open, while one is under way and after one that failed. */
  close(steps: LifecycleSteps): Promise<void> {
    this.#closing ??= this.#close(steps);
    return this.#closing;
  }

  async #close(steps: LifecycleSteps): Promise<void> {
    const opened = await this.#opening?.then(
      () => true,
      () => false,
    );
    this.#phase = 'closed';
    if (opened !== true) return;
    try {
      await steps.close();
    } finally {
      await steps.letGo();
    }
  }
}
