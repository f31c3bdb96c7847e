/**
 * What makes the exploration of pure functions quick: parts that recur are kept once and named by a number,
 * and what a function makes of the same parts is computed once.
 */

/** Gives equal values, and only those, equal numbers. Values are plain data. */
export class Table<T> {
  readonly #numbers = new Map<string, number>();
  readonly #values: T[] = [];

  number(value: T): number {
    const text = JSON.stringify(value);
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#values.length);
    return this.#values.push(value) - 1;
  }

  at(number: number): T {
    const value = this.#values[number];
    if (value === undefined) throw new RangeError(`nothing has the number ${String(number)}`);
    return value;
  }
}

const range = 2 ** 16;

/**
 * Remembers what a pure function of small numbers gave. The first of them counts a table's values, and is
 * an index; what the others make is a small integer, mostly, which a map finds several times as quickly as
 * a large one.
 */
export function once<T extends number | object>(
  compute: (a: number, b: number, c: number) => T,
): (a: number, b?: number, c?: number) => T {
  const known: (Map<number, T> | undefined)[] = [];
  return (a, b = 0, c = 0) => {
    if (b >= range || c >= range) throw new RangeError('too large a number');
    const key = c * range + b;
    const before = known[a]?.get(key);
    if (before !== undefined) return before;
    const value = compute(a, b, c);
    (known[a] ??= new Map<number, T>()).set(key, value);
    return value;
  };
}

/** All orders of the numbers from 0 below `length`. */
export function permutationsOf(length: number): readonly (readonly number[])[] {
  if (length === 0) return [[]];
  return permutationsOf(length - 1).flatMap((shorter) =>
    Array.from({ length }, (_, at) => shorter.toSpliced(at, 0, length - 1)),
  );
}
