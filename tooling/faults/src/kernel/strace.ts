/** Makes calls of the kernel fail: strace stands between, and does not let them through. */

/** What a call that is struck does instead of its work. */
export type Effect =
  /** @property error name of the error, such as `EIO`. */
  | { readonly error: string }
  /** It claims to have succeeded with this result. */
  | { readonly result: number };

/** Which calls are struck. */
export interface Injection {
  /** Names of calls of the kernel; those that this machine does not have are left out. */
  readonly calls: readonly string[];
  readonly effect: Effect;
  /** The so-manieth of each thread, from 1. */
  readonly nth: number;
  /** And every later one. */
  readonly everAfter: boolean;
  /** Only calls on these files, folders and names; empty: on any. */
  readonly paths: readonly string[];
}

/** What was struck. */
export interface Strikes {
  readonly count: number;
  /** When the first was, by the clock of the machine; `Infinity`: none. */
  readonly firstAtMs: number;
}

/** Words before a command whose process is killed when the one that started it is gone. */
export const diesWithParent: readonly string[] = ['setpriv', '--pdeathsig', 'KILL', '--'];

/** The words before a command that run it with a fault. @param log file that notes each call. */
export function straceOf(injection: Injection, log: string): readonly string[] {
  const { calls, effect, nth, everAfter, paths } = injection;
  // The question mark: no error where there is no such call.
  const set = calls.map((call) => `?${call}`).join(',');
  const what = 'error' in effect ? `error=${effect.error}` : `retval=${effect.result}`;
  return [
    ...['strace', '-f', '-qq', '--seccomp-bpf', '-ttt', '-s', '0', '-o', log],
    ...paths.flatMap((path) => ['-P', path]),
    ...['-e', `trace=${set}`, '-e', `inject=${set}:${what}:when=${nth}${everAfter ? '+' : ''}`],
    '--',
    ...diesWithParent,
  ];
}

/** Reads the log. */
export function strikesIn(log: string): Strikes {
  let count = 0;
  let firstAtMs = Infinity;
  for (const line of log.split('\n')) {
    if (!line.endsWith('(INJECTED)')) continue;
    count++;
    const [, seconds = ''] = /^(?:\d+ +)?(\d+\.\d+) /.exec(line) ?? [];
    firstAtMs = Math.min(firstAtMs, Number(seconds) * 1000);
  }
  return { count, firstAtMs };
}
