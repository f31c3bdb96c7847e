/** Waiting for what nobody tells. */
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 25;

/** Waits until something is there. */
export async function eventually<T>(
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number = 20_000,
): Promise<T> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; ) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(pollMs);
  }
  throw new Error(`nothing within ${String(timeoutMs)} ms`);
}
