/**
 * Ports below those that systems hand out by themselves. Test files run at the same time, each in a worker with a
 * number: each worker has a range of its own.
 */
import { createServer } from 'node:net';

const portsEach = 1_000;
const firstPort = 18_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 12) * portsEach;
/** Somewhere in the range: a run of the same tests beside this one begins elsewhere. */
let next = Math.floor(Math.random() * portsEach);

/**
 * A port from which on these offsets are free, and not handed out before (until all have been).
 *
 * @param offsets ascending.
 */
export async function freePort(offsets: readonly number[]): Promise<number> {
  const span = (offsets.at(-1) ?? 0) + 1;
  for (let tries = 0; tries < 200; tries++) {
    if (next + span > portsEach) next = 0;
    const port = firstPort + next;
    next += span;
    const free = await Promise.all(offsets.map((offset) => isFree(port + offset)));
    if (free.every(Boolean)) return port;
  }
  throw new Error('no free ports');
}

/** Whether nobody listens there. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
