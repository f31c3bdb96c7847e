/**
 * Logging and metrics: injected, silent by default.
 */

/** Values that a log line carries besides its text. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where log lines go. Fits pino with a two-line wrapper. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/**
 * Counts since the start, by name: `frames_sent`, `bytes_dropped`, … Parts keep plain numbers (a
 * field is cheaper than a call) and hand them out on demand; an app maps them to its metrics library.
 */
export type Counters = Readonly<Record<string, number>>;
