/**
 * One storage on a database at a time.
 *
 * Web Locks tell tabs and workers of one origin apart, and let go by themselves when a tab dies. Where
 * a browser has none, only storages of this thread are told apart. A lease in the database would not do
 * in their place: it rests on clocks, and a tab that sleeps past its end writes on when it wakes. What
 * keeps two tabs from harming the data even then is the fence in `session.ts`.
 */
import { LockedError } from '@quorate/core';
import type { WebLocks } from './browser.ts';

/** A database that is held. */
export interface Hold {
  /** Lets go; resolves when somebody else can have it. */
  release(): Promise<void>;
}

/** The names that are held in this thread, for each factory of databases. */
const heldHere = new WeakMap<object, Set<string>>();

/**
 * Holds a database by its name.
 *
 * @param factory the origin is told by it where there are no Web Locks.
 * @param onStolen called when somebody takes the lock away.
 * @throws LockedError if somebody else has it.
 */
export async function hold(
  name: string,
  factory: object,
  locks: WebLocks | undefined,
  onStolen: () => void,
): Promise<Hold> {
  const held =
    locks === undefined ? holdHere(name, factory) : await holdLock(name, locks, onStolen);
  if (held !== undefined) return held;
  throw new LockedError(
    `database ${name} is open in another tab, window or worker, or twice in this one; close it there first`,
  );
}

function holdHere(name: string, factory: object): Hold | undefined {
  const names = heldHere.get(factory) ?? new Set<string>();
  heldHere.set(factory, names);
  if (names.has(name)) return undefined;
  names.add(name);
  return {
    release: async () => {
      names.delete(name);
    },
  };
}

async function holdLock(
  name: string,
  locks: WebLocks,
  onStolen: () => void,
): Promise<Hold | undefined> {
  let letGo: (() => void) | undefined;
  let released = false;
  let request: Promise<unknown> = Promise.resolve();
  const granted = await new Promise<boolean>((resolve, reject) => {
    request = locks.request(`quorate ${name}`, { ifAvailable: true }, async (lock) => {
      if (!lock) {
        resolve(false);
        return;
      }
      // The lock is held until this is done.
      await new Promise<void>((done) => {
        letGo = done;
        resolve(true);
      });
    });
    request.catch(reject);
  });
  if (!granted) return undefined;
  request.catch(() => {
    if (!released) onStolen();
  });
  return {
    release: async () => {
      released = true;
      letGo?.();
      await request.catch(() => undefined);
    },
  };
}
