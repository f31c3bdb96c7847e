/**
 * Machines whose changes can be watched: an extension of the port in `machine.ts` that a machine may have.
 *
 * Watching is pulled, not pushed: the machine says that there is something (`wake`), and whoever watches takes
 * as much as it can pass on. So a slow watcher costs the machine a place in its history, and no queue.
 */
import type { Codec, StateMachine } from './machine.ts';

/** A place in the history of a machine, from which changes are taken in order. */
export interface Cursor<Watch, Event> {
  /**
   * The next events, oldest first: at most `most`, and not many more than `maxBytes`. None: there are none yet,
   * and `wake` is called as soon as there are. Begins with it: nobody is woken before the first call.
   *
   * It may stop looking after a while without having found any. Then `wake` is called before it returns, so
   * that whoever takes lets others have their turn and comes again.
   *
   * @param most from 1.
   * @throws CompactedError if the next ones were discarded meanwhile. So does each further call: read the
   * state, and begin a new watch behind it.
   */
  take(most: number, maxBytes: number): readonly Event[];
  /** What to ask for in order to go on behind everything that was taken or passed over so far. */
  readonly rest: Watch;
  /** Nothing is taken any more. Idempotent. */
  close(): void;
}

/** What a machine has besides the port of every machine if its changes can be watched. */
export interface Watchable<Watch, Event> {
  readonly watches: Codec<Watch>;
  readonly events: Codec<Event>;
  /**
   * Begins to watch. The cursor stays good over a `restore`: it goes on, or says that what it needs is gone.
   *
   * @param wake called once whenever there may be events again after `take` has found none; from within
   * `apply`, `expire`, `restore` or `take`, so it must not call the machine, and may only take notice.
   * @throws InvalidArgumentError if the request makes no sense.
   * @throws CompactedError if it begins with what was discarded.
   */
  watch(request: Watch, wake: () => void): Cursor<Watch, Event>;
}

/** Whether the changes of a machine can be watched. */
export function isWatchable<C, R, Q, A, Watch = unknown, Event = unknown>(
  machine: StateMachine<C, R, Q, A> | (StateMachine<C, R, Q, A> & Watchable<Watch, Event>),
): machine is StateMachine<C, R, Q, A> & Watchable<Watch, Event> {
  return 'watch' in machine;
}
