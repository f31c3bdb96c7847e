/** Values of options, out of the words that they are given in. */
import type { Shape } from './runs/bench.ts';

/** What was asked for makes no sense; the message says what would. */
export class UsageError extends Error {}

const maxMiB = 1024 * 1024;
const maxConnections = 10_000;
/** As many as one replica takes at once. */
export const maxClients = 100_000;

export function numberOf(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() !== '' && value >= least && value <= most) return value;
  throw new UsageError(`${name} must be a number from ${least} to ${most}, not '${text}'`);
}

export function wholeOf(name: string, text: string, most: number): number {
  const value = numberOf(name, text, 1, most);
  if (Number.isInteger(value)) return value;
  throw new UsageError(`${name} must be whole, not '${text}'`);
}

/** Some of those that are known; all by default. */
export function chosen(
  name: string,
  text: string | undefined,
  known: readonly string[],
): readonly string[] {
  const names = listOf(text) ?? known;
  const unknown = names.find((each) => !known.includes(each));
  if (unknown === undefined) return [...new Set(names)];
  throw new UsageError(`${name} takes ${known.join(', ')}, not '${unknown}'`);
}

/** One of those that are known. */
export function oneOf<Name extends string>(
  name: string,
  text: string,
  known: readonly Name[],
): Name {
  const found = known.find((each) => each === text);
  if (found !== undefined) return found;
  throw new UsageError(`${name} takes ${known.join(' or ')}, not '${text}'`);
}

export function listOf(text: string | undefined): readonly string[] | undefined {
  return text?.split(',');
}

/** What snapshots may take, in MiB a second; `null`: as fast as it goes. */
export function paceOf(text: string): number | null {
  return text === 'unlimited' ? null : numberOf('--paces', text, 1, maxMiB);
}

/** `16x256`: connections and clients. */
export function shapeOf(text: string): Shape {
  const [connections, clients, ...more] = text.split('x');
  if (connections === undefined || clients === undefined || more.length > 0) {
    throw new UsageError(`--shapes takes CONNECTIONSxCLIENTS, such as 16x256, not '${text}'`);
  }
  return shape(
    wholeOf('--shapes', connections, maxConnections),
    wholeOf('--shapes', clients, maxClients),
  );
}

/** The only one, from two options. */
export function shapeOfTwo(connections: string, clients: string): Shape {
  return shape(
    wholeOf('--connections', connections, maxConnections),
    wholeOf('--clients', clients, maxClients),
  );
}

function shape(connections: number, clients: number): Shape {
  if (clients >= connections) return { connections, clients };
  throw new UsageError(
    `${clients} clients leave some of ${connections} connections idle; name at least as many clients`,
  );
}

/** `host:port,port`: a bare port stands for the host before it, as in `quorate-kv`. */
export function endpointsOf(text: string): readonly string[] {
  let host = '127.0.0.1';
  return text.split(',').map((part) => {
    const found = /^(?:(.+):)?(\d{1,5})$/.exec(part.trim());
    const port = Number(found?.[2]);
    if (found === null || port < 1 || port > 65_535) {
      throw new UsageError(`--endpoints takes HOST:PORT,…, not '${part}'`);
    }
    host = found[1] ?? host;
    return `${host}:${port}`;
  });
}
