/**
 * What an example of a suite takes for its test framework here: vitest, but for most of the tests. That the
 * example registers them and that they run is what is to be seen; what they find is the packages' own business.
 */
import { it as register } from 'vitest';

/** One in so many tests is run. */
const every = 50;

const path: string[] = [];
let count = 0;

/** How many tests were handed in so far, run or not. */
export function registered(): number {
  return count;
}

/** A group of which nothing is run would be an error to vitest, so groups are but a part of the title. */
export function describe(name: string, body: () => void): void {
  path.push(name);
  body();
  path.pop();
}

export function it(name: string, body: () => void | Promise<void>): void {
  if (count % every === 0) register([...path, name].join(' > '), body);
  count += 1;
}
