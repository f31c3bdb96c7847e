/**
 * Watches on the machine of this replica: places in its history from which changes are taken as they are applied
 * here. Whoever watches is woken in a turn of its own, never from within `apply`, and finds the machine whole.
 */
import {
  type ClosedError,
  type Cursor,
  InvalidArgumentError,
  type Runtime,
  UnavailableError,
  type Watchable,
} from '@quorate/core';

/** One watch: a cursor that knows whether the machine can be looked at. */
export class Watch<W, E> {
  readonly #watches: Watches<W, E>;
  readonly #wake: () => void;
  #cursor: Cursor<W, E> | undefined;
  #rest: W;
  /** Whether it is on the list of those that are woken next. */
  woken = false;

  constructor(watches: Watches<W, E>, request: W, wake: () => void) {
    this.#watches = watches;
    this.#rest = request;
    this.#wake = wake;
  }

  /** @internal */
  attach(cursor: Cursor<W, E>): this {
    this.#cursor = cursor;
    return this;
  }

  /** @internal */
  wake(): void {
    this.woken = false;
    if (this.#cursor !== undefined) this.#wake();
  }

  /**
   * As in `Cursor`; none while the machine's state is being replaced.
   *
   * @throws CompactedError if the next ones were discarded meanwhile.
   * @throws ClosedError if the replica has ended.
   */
  take(most: number, maxBytes: number): readonly E[] {
    return this.#watches.usable && this.#cursor !== undefined
      ? this.#cursor.take(most, maxBytes)
      : [];
  }

  /** What goes on behind everything that was taken, or passed over. */
  get rest(): W {
    return this.#cursor?.rest ?? this.#rest;
  }

  close(): void {
    this.#rest = this.rest;
    this.#cursor?.close();
    this.#cursor = undefined;
    this.#watches.forget(this);
  }
}

/** All watches of one replica. */
export class Watches<W, E> {
  readonly #machine: Partial<Watchable<W, E>>;
  readonly #runtime: Pick<Runtime, 'nextTurn'>;
  readonly #open = new Set<Watch<W, E>>();
  #woken: Watch<W, E>[] = [];
  #restoring = false;
  #closed: ClosedError | undefined;

  constructor(machine: Partial<Watchable<W, E>>, runtime: Pick<Runtime, 'nextTurn'>) {
    this.#machine = machine;
    this.#runtime = runtime;
  }

  get size(): number {
    return this.#open.size;
  }

  /**
   * Whether the machine can be looked at.
   *
   * @throws ClosedError if the replica has ended.
   */
  get usable(): boolean {
    if (this.#closed !== undefined) throw this.#closed;
    return !this.#restoring;
  }

  /**
   * Begins to watch.
   *
   * @throws InvalidArgumentError if the machine cannot be watched, or the request makes no sense.
   * @throws CompactedError if it begins with what was discarded.
   * @throws UnavailableError while the state is being replaced.
   * @throws ClosedError if the replica has ended.
   */
  open(request: W, wake: () => void): Watch<W, E> {
    if (this.#closed !== undefined) throw this.#closed;
    if (this.#machine.watch === undefined) {
      throw new InvalidArgumentError('this state machine cannot be watched');
    }
    if (this.#restoring) {
      throw new UnavailableError('the state is being replaced by a snapshot; retry in a moment');
    }
    const watch = new Watch<W, E>(this, request, wake);
    watch.attach(this.#machine.watch(request, () => this.#mark(watch)));
    this.#open.add(watch);
    return watch;
  }

  /** The machine's state is being replaced: nothing is taken until {@link restored}. */
  restoring(): void {
    this.#restoring = true;
  }

  /** The machine's state is whole again. */
  restored(): void {
    this.#restoring = false;
    this.#markAll();
  }

  /** Whoever watches finds out at its next `take`. */
  close(closed: ClosedError): void {
    this.#closed ??= closed;
    this.#markAll();
  }

  /** @internal */
  forget(watch: Watch<W, E>): void {
    this.#open.delete(watch);
  }

  #markAll(): void {
    for (const watch of this.#open) this.#mark(watch);
  }

  #mark(watch: Watch<W, E>): void {
    if (watch.woken) return;
    watch.woken = true;
    this.#woken.push(watch);
    if (this.#woken.length === 1) this.#runtime.nextTurn(this.#wake);
  }

  readonly #wake = (): void => {
    const woken = this.#woken;
    this.#woken = [];
    for (const watch of woken) watch.wake();
  };
}

/** Most events, and bytes of them, that are taken at once. */
const batch = { events: 256, bytes: 1024 * 1024 } as const;

/**
 * The events of a watch, one after the other, until the loop is left or the signal fires. Watches from this call
 * on, not from the first step of the loop.
 *
 * @throws whatever {@link Watches.open} throws.
 */
export function eventsOf<W, E>(
  watches: Watches<W, E>,
  request: W,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<E, void, undefined> {
  let wake: () => void = () => undefined;
  const watch = watches.open(request, () => wake());
  const woken = (): Promise<void> =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  let over = false;
  const end = (): void => {
    over = true;
    signal?.removeEventListener('abort', end);
    watch.close();
    // Somebody may wait for an event that nobody would tell of any more.
    wake();
  };
  signal?.addEventListener('abort', end);
  if (signal?.aborted === true) end();
  const events = follow(watch, woken, () => over, end);
  return {
    next: () => events.next(),
    // A generator that was never begun does not come to its own `finally`; one that waits ends before it returns.
    return: () => {
      end();
      return events.return();
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* follow<W, E>(
  watch: Watch<W, E>,
  woken: () => Promise<void>,
  isOver: () => boolean,
  end: () => void,
): AsyncGenerator<E, void, undefined> {
  try {
    while (!isOver()) {
      // Before looking: what comes between the look and the wait must end the wait.
      const more = woken();
      const events = watch.take(batch.events, batch.bytes);
      if (events.length === 0) await more;
      for (const event of events) {
        if (isOver()) return;
        yield event;
      }
    }
  } finally {
    end();
  }
}
