/** Waiting for something that only can be asked for. */
import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 50;

/** @throws Error where it does not come to be. */
export async function eventually(
  what: string,
  timeoutMs: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  for (const deadline = performance.now() + timeoutMs; performance.now() < deadline; ) {
    if (await holds()) return;
    await sleep(pollMs);
  }
  throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
}
