/**
 * When a program is asked to end: signals, and for a supervised node the end of its supervisor.
 */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Exit code of a program that a second signal ended at once: 128 + SIGINT, as shells have it. */
export const interruptedExitCode = 130;

/** Options of {@link waitForEnd}. */
export interface EndOptions {
  /** Called for the second signal: the user does not want to wait. Must not return. */
  readonly immediately: () => void;
  /**
   * Ends when the channel to the parent process closes, so that no node outlives a supervisor that
   * was killed; and leaves SIGINT to the supervisor, which the same Ctrl-C reaches.
   *
   * @default false
   */
  readonly supervised?: boolean;
}

/** Resolves when the program is asked to end. */
export function waitForEnd(options: EndOptions): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) options.immediately();
      asked = true;
      resolve();
    };
    for (const signal of signals) {
      const ours = !(options.supervised === true && signal === 'SIGINT');
      process.on(signal, ours ? ask : (): void => undefined);
    }
    if (options.supervised === true) process.once('disconnect', resolve);
  });
}
