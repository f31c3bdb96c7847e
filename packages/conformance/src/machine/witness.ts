/**
 * Watches what a piece of synchronous code asks of the world: clocks, randomness, memory. For the
 * time of the call the globals are replaced by ones that take note, and put back whatever happens.
 */

/** What was seen. */
export interface Witnessed {
  /** Names of clocks and sources of randomness that were asked. */
  readonly asked: ReadonlySet<string>;
  /** The most bytes or items that were asked for at once. */
  readonly largest: number;
}

const constructors = ['ArrayBuffer', 'Uint8Array', 'Uint16Array', 'Uint32Array'] as const;

/** Runs the code. What it throws is thrown on. */
export function witness(run: () => void): Witnessed {
  const seen = { asked: new Set<string>(), largest: 0 };
  const mends: (() => void)[] = [];
  const plant = (holder: object, name: string, value: unknown): void => {
    const original = Object.getOwnPropertyDescriptor(holder, name);
    Object.defineProperty(holder, name, { value, configurable: true, writable: true });
    mends.push(() => {
      if (original === undefined) Reflect.deleteProperty(holder, name);
      else Object.defineProperty(holder, name, original);
    });
  };
  const noting = <F extends (...these: never[]) => unknown>(name: string, original: F): F =>
    new Proxy(original, {
      apply: (target, self, these) => {
        seen.asked.add(name);
        return Reflect.apply(target, self, these) as unknown;
      },
    });
  try {
    plant(Math, 'random', noting('Math.random', Math.random));
    plant(performance, 'now', noting('performance.now', performance.now.bind(performance)));
    plant(Date, 'now', noting('Date.now', Date.now));
    for (const name of ['getRandomValues', 'randomUUID'] as const) {
      plant(crypto, name, noting(`crypto.${name}`, crypto[name].bind(crypto)));
    }
    plant(globalThis, 'Date', watchedDate(seen.asked));
    for (const name of constructors) {
      plant(
        globalThis,
        name,
        watchedConstructor(
          globalThis[name],
          (size) => (seen.largest = Math.max(seen.largest, size)),
        ),
      );
    }
    run();
  } finally {
    for (const mend of mends.reverse()) mend();
  }
  return seen;
}

/** A date that is made of a time is sound; one that is made of nothing is a clock. */
function watchedDate(asked: Set<string>): DateConstructor {
  return new Proxy(Date, {
    construct: (target, these: unknown[], newTarget) => {
      if (these.length === 0) asked.add('new Date()');
      return Reflect.construct(target, these, newTarget) as object;
    },
    apply: (target) => {
      asked.add('Date()');
      return target();
    },
  });
}

function watchedConstructor<C extends new (...these: never[]) => object>(
  original: C,
  note: (size: number) => void,
): C {
  return new Proxy(original, {
    construct: (target, these: unknown[], newTarget) => {
      const [size] = these;
      if (typeof size === 'number') note(size);
      return Reflect.construct(target, these, newTarget) as object;
    },
  });
}
