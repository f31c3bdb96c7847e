/**
 * One call that waits: a promise that settles exactly once, by its result, its failure, its deadline
 * or its signal, whichever comes first. Whatever comes later is dropped.
 */
import { Deadline } from './deadlines.ts';

/** Waits for a `T`. */
export abstract class Waiting<T> extends Deadline {
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  #signal: AbortSignal | undefined;
  #onAbort: (() => void) | undefined;
  #settled = false;

  constructor(resolve: (value: T) => void, reject: (error: unknown) => void) {
    super();
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Gives up when the signal fires, which it has not yet. */
  watch(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    this.#signal = signal;
    this.#onAbort = (): void => {
      this.aborted(signal.reason);
    };
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The signal has fired. */
  protected abstract aborted(reason: unknown): void;

  protected fulfil(value: T): void {
    this.#end();
    this.#resolve(value);
  }

  protected fail(error: unknown): void {
    this.#end();
    this.#reject(error);
  }

  #end(): void {
    this.#settled = true;
    this.unlink();
    if (this.#onAbort !== undefined) this.#signal?.removeEventListener('abort', this.#onAbort);
  }
}
