/**
 * Log lines: JSON for machines, one short line for people. They go to stderr, because stdout belongs to what a
 * command was asked for.
 */
import type { LogFields, Logger } from '@quorate/core';
import type { LogLevel } from '../log-level.ts';

/** Options of {@link createLogger}. */
export interface LoggingOptions {
  /** @default 'info' */
  readonly level?: LogLevel;
  /** JSON lines instead of text. @default false */
  readonly json?: boolean;
  /** Fields of every line. */
  readonly fields?: LogFields;
  /** Where lines go. @default stderr, which Node writes at once: the last lines of a process matter most */
  readonly write?: (line: string) => void;
}

/** Numbers of the levels in JSON lines, those that pino and its readers use. */
const numbers: Readonly<Record<LogLevel, number>> = {
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
  silent: Infinity,
};

/** A logger. */
export function createLogger(options: LoggingOptions = {}): Logger {
  const { level: least = 'info', json = false, fields: own = {} } = options;
  const write = options.write ?? ((line: string): unknown => process.stderr.write(line));
  const log =
    (level: LogLevel) =>
    (message: string, more: LogFields = {}): void => {
      if (numbers[level] < numbers[least]) return;
      const time = new Date().toISOString();
      // Parts that name the node in a line of theirs do not name it twice.
      const fields = { ...own, ...more };
      write(
        json
          ? `${JSON.stringify({ level: numbers[level], time, ...fields, msg: message })}\n`
          : `${humanLine(level, time, message, fields)}\n`,
      );
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}

/** `12:30:01.250 warn  n1 what happened key=value …`. */
function humanLine(
  level: LogLevel,
  time: string,
  message: string,
  { node, ...fields }: LogFields,
): string {
  return [
    time.slice(11, 23),
    level.padEnd(5),
    ...(node === undefined ? [] : [node]),
    message,
    ...Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${String(value)}`],
    ),
  ].join(' ');
}
