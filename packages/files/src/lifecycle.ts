/**
 * The life of a storage: opened once, closed once, in whatever order that is asked for.
 */
import {
  ClosedError,
  describeError,
  InvalidArgumentError,
  QuorateError,
  type Recovered,
  StorageFailedError,
} from '@quorate/core';

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
  /** Settles when the open is over, with whether there is something to be closed. */
  #opening: Promise<boolean> = Promise.resolve(false);
  #closing: Promise<void> | undefined;

  /** @throws ClosedError unless the storage is open. */
  checkOpen(): void {
    if (this.#phase === 'open') return;
    throw new ClosedError(
      this.#phase === 'closed'
        ? 'the storage is closed; make a new one'
        : 'the storage is not open yet; wait for open()',
    );
  }

  /**
   * Opens.
   *
   * @throws ClosedError or InvalidArgumentError if it is not the first time.
   */
  async open(steps: Pick<LifecycleSteps, 'open' | 'letGo'>): Promise<Recovered> {
    if (this.#phase === 'closed') throw new ClosedError('the storage was closed; make a new one');
    if (this.#phase !== 'new') {
      throw new InvalidArgumentError('open() was called before; call it once');
    }
    this.#phase = 'opening';
    const opening = this.#open(steps);
    this.#opening = opening.then(
      () => true,
      () => false,
    );
    return opening;
  }

  /** Closes; idempotent, also before an open, while one is under way and after one that failed. */
  close(steps: Pick<LifecycleSteps, 'close' | 'letGo'>): Promise<void> {
    // At once: what is called after it finds it closed, an open too.
    this.#phase = 'closed';
    this.#closing ??= this.#close(steps);
    return this.#closing;
  }

  async #open(steps: Pick<LifecycleSteps, 'open' | 'letGo'>): Promise<Recovered> {
    try {
      const recovered = await steps.open();
      // close() may have been called meanwhile; it waits for this, and closes what was opened.
      if (this.#phase === 'opening') this.#phase = 'open';
      return recovered;
    } catch (error) {
      this.#phase = 'closed';
      await steps.letGo().catch(() => undefined);
      if (error instanceof QuorateError) throw error;
      throw new StorageFailedError(
        `the storage cannot be opened: ${describeError(error)}; mend it and restart`,
        { cause: error },
      );
    }
  }

  async #close(steps: Pick<LifecycleSteps, 'close' | 'letGo'>): Promise<void> {
    if (!(await this.#opening)) return;
    try {
      await steps.close();
    } finally {
      await steps.letGo();
    }
  }
}
