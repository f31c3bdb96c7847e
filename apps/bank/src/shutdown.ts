/**
 * When a program is asked to end: signals, and for a node that a demo runs the end of the demo.
 */
import { exitCodes } from './errors.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Resolves when the program is asked to end. Whoever asks twice does not want to wait: then it ends at once.
 *
 * @param supervised ends when the channel to the parent process closes as well, so that no node outlives
 *   a demo that was killed; and leaves SIGINT to the demo, which the same Ctrl-C reaches.
 */
export function waitForEnd(supervised: boolean): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) process.exit(exitCodes.interrupted);
      asked = true;
      resolve();
    };
    for (const signal of signals) {
      process.on(signal, supervised && signal === 'SIGINT' ? (): void => undefined : ask);
    }
    if (supervised) process.once('disconnect', resolve);
  });
}
