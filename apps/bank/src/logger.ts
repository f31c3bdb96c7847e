/**
 * What a node has to say goes to stderr, a line each: stdout belongs to what a command was asked for.
 */
import type { LogFields, Logger } from '@quorate/core';

/** What `--log-level` takes, from the most important on. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;

/** One of {@link logLevels}. */
export type LogLevel = (typeof logLevels)[number];

/** Writes lines of this level and those more important. */
export function stderrLogger(node: string, level: LogLevel): Logger {
  const write =
    (of: LogLevel): Logger[LogLevel] =>
    (message, fields = {}) => {
      if (logLevels.indexOf(of) > logLevels.indexOf(level)) return;
      process.stderr.write(`${new Date().toISOString()} ${of} ${node} ${message}${tail(fields)}\n`);
    };
  return {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
  };
}

/** The node is named in front of each line. */
function tail(fields: LogFields): string {
  return Object.entries(fields)
    .filter(([name, value]) => name !== 'node' && value !== undefined)
    .map(([name, value]) => ` ${name}=${String(value)}`)
    .join('');
}
