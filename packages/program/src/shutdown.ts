/**
 * When a program is asked to end: signals, and for a supervised node the end of its supervisor.
 */
import { exitCodes } from './errors.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Options of {@link waitForEnd}. */
export interface EndOptions {
  /** Called for the second signal: the user does not want to wait. @default the process ends at once */
  readonly immediately?: () => void;
  /**
   * Ends when the channel to the parent process closes, too, so that no node outlives a supervisor that was
   * killed; and leaves SIGINT to the supervisor, which the same Ctrl-C reaches. @default false
   */
  readonly supervised?: boolean;
  /** Nobody waits any more once it fires: from then on signals do what they do by default. @default never */
  readonly until?: AbortSignal;
}

/** Resolves when the program is asked to end. */
export function waitForEnd({
  immediately = exitAtOnce,
  supervised = false,
  until,
}: EndOptions = {}): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) immediately();
      asked = true;
      resolve();
    };
    for (const signal of signals) {
      const listener = supervised && signal === 'SIGINT' ? (): void => undefined : ask;
      process.on(signal, listener);
      until?.addEventListener('abort', () => process.off(signal, listener), { once: true });
    }
    if (supervised) process.once('disconnect', resolve);
  });
}

function exitAtOnce(): void {
  process.exit(exitCodes.interrupted);
}
