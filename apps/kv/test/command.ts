/** Command lines run within the test, which takes a hundredth of the time of a process. */
import { type Captured, captured } from '@quorate/harness';
import { run } from '../src/cli/program.ts';
import { whereabouts } from './harness.ts';

/**
 * Runs a command line that comes to an end by itself.
 *
 * @param options the nodes to ask, over HTTP; each serves clients, too.
 */
export function command(
  words: readonly string[],
  { endpoints }: { readonly endpoints?: readonly string[] } = {},
): Promise<Captured> {
  return captured(async () => {
    const names = endpoints === undefined ? {} : whereabouts(endpoints);
    const before = Object.keys(names).map((name) => [name, process.env[name]] as const);
    Object.assign(process.env, names);
    try {
      return await run(words);
    } finally {
      for (const [name, value] of before) {
        if (value === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = value;
      }
    }
  });
}
