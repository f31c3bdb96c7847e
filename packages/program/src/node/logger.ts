/**
 * Log lines: pino behind the `Logger` of core. JSON for machines, one short line for people. They
 * go to stderr, because stdout belongs to what a command was asked for.
 */
import type { LogFields, Logger } from '@quorate/core';
import { destination, pino } from 'pino';
import type { LogLevel } from '../log-level.ts';

/** Options of {@link createLogger}. */
export interface LoggingOptions {
  /** @default 'info' */
  readonly level?: LogLevel;
  /** JSON lines instead of text. @default false */
  readonly json?: boolean;
  /** Fields of every line. */
  readonly fields?: LogFields;
  /** Where lines go. @default stderr */
  readonly write?: (line: string) => void;
}

/** A logger on stderr. */
export function createLogger(options: LoggingOptions = {}): Logger {
  const { level = 'info', json = false, fields = {} } = options;
  // Synchronous: the last lines before the end of a process are the ones that matter.
  const stderr = destination({ dest: 2, sync: true });
  const write =
    options.write ??
    ((line: string): void => {
      stderr.write(line);
    });
  const lines = pino(
    { level, base: fields, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    {
      write: json
        ? write
        : (line) => {
            write(humanLine(line));
          },
    },
  );
  // Parts that name the node in a line of theirs would name it twice.
  const own = (more: LogFields = {}): LogFields => {
    if (more['node'] === undefined || more['node'] !== fields['node']) return more;
    const { node: _same, ...others } = more;
    return others;
  };
  return {
    debug: (message, more) => {
      lines.debug(own(more), message);
    },
    info: (message, more) => {
      lines.info(own(more), message);
    },
    warn: (message, more) => {
      lines.warn(own(more), message);
    },
    error: (message, more) => {
      lines.error(own(more), message);
    },
  };
}

/** `12:30:01.250 warn  n1 what happened key=value …` out of a line of pino's. */
function humanLine(line: string): string {
  const { level, time, node, msg, ...rest } = JSON.parse(line) as Readonly<Record<string, unknown>>;
  const fields = Object.entries(rest).map(([name, value]) => `${name}=${fieldText(value)}`);
  const words = [
    String(time).slice(11, 23),
    levelName(level).padEnd(5),
    ...(node === undefined ? [] : [fieldText(node)]),
    fieldText(msg),
    ...fields,
  ];
  return `${words.join(' ')}\n`;
}

function levelName(level: unknown): string {
  const numbers = pino.levels.labels;
  return typeof level === 'number' ? (numbers[level] ?? String(level)) : String(level);
}

function fieldText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
