/**
 * Runs something once every promise that can go on has gone on: the border between two events.
 *
 * In Node, what `process.nextTick` was given runs when the queue of microtasks is empty, and asking for
 * it from within a microtask puts it behind all of them, those included that they bring about. That
 * costs a tenth of a turn of the event loop. Elsewhere a message does the same. The microtask is one of
 * a promise: `queueMicrotask` of Node makes a resource for its hooks each time.
 */

/** The part of the global object that is used, where it is there. */
interface Globals {
  readonly process?: { readonly nextTick?: (run: () => void) => void };
  readonly setImmediate?: (run: () => void) => void;
  readonly MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null };
    readonly port2: { postMessage(message: null): void };
  };
}

const globals = globalThis as unknown as Globals;

/** Calls `run` when no promise is left that can go on. */
export const whenSettled: (run: () => void) => void = makeWhenSettled();

/** The same, and lets signals, timers and output of the real world through. */
export const nextRealTurn: (run: () => void) => void = globals.setImmediate ?? makePost();

function makeWhenSettled(): (run: () => void) => void {
  const nextTick = globals.process?.nextTick;
  if (nextTick === undefined) return makePost();
  const settled = Promise.resolve();
  return (run) => {
    void settled.then(() => {
      nextTick(run);
    });
  };
}

function makePost(): (run: () => void) => void {
  const waiting: (() => void)[] = [];
  let channel: InstanceType<Globals['MessageChannel']> | undefined;
  return (run) => {
    if (channel === undefined) {
      channel = new globals.MessageChannel();
      channel.port1.onmessage = (): void => {
        waiting.shift()?.();
      };
    }
    waiting.push(run);
    channel.port2.postMessage(null);
  };
}
