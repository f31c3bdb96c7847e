/**
 * Watches what code asks of the world: clocks, randomness, memory. For that time the globals are
 * replaced by ones that take note; nothing else should run meanwhile.
 */

/** What was seen. */
export interface Witnessed {
  /** Names of clocks and sources of randomness that were asked. */
  readonly asked: ReadonlySet<string>;
  /** The most bytes or items that were asked for at once. */
  readonly largest: number;
}

const constructors = ['ArrayBuffer', 'Uint8Array', 'Uint16Array', 'Uint32Array'] as const;

/** Runs synchronous code. What it throws is thrown on. */
export function witness(run: () => void): Witnessed {
  const { seen, end } = watch();
  try {
    run();
  } finally {
    end();
  }
  return seen;
}

/** Watches until `end` is called, which has to happen whatever else does. */
export function watch(): { readonly seen: Witnessed; readonly end: () => void } {
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
  plant(Math, 'random', noting('Math.random', Math.random));
  plant(performance, 'now', noting('performance.now', performance.now.bind(performance)));
  plant(Date, 'now', noting('Date.now', Date.now));
  for (const name of ['getRandomValues', 'randomUUID'] as const) {
    // A page that came over an insecure connection has but one of them.
    if (!(name in crypto)) continue;
    plant(crypto, name, noting(`crypto.${name}`, crypto[name].bind(crypto)));
  }
  plant(globalThis, 'Date', watchedDate(seen.asked));
  for (const name of constructors) {
    plant(
      globalThis,
      name,
      watchedConstructor(globalThis[name], (size) => (seen.largest = Math.max(seen.largest, size))),
    );
  }
  const end = (): void => {
    for (const mend of mends.reverse()) mend();
  };
  return { seen, end };
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
