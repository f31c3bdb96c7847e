/**
 * How much a node logs.
 */

/** Levels, the most talkative first. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

/** How much is said. */
export type LogLevel = (typeof logLevels)[number];

/** Tells whether a text names a level. */
export function isLogLevel(text: string): text is LogLevel {
  return logLevels.some((level) => level === text);
}
