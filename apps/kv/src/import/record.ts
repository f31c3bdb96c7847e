/**
 * What the readers of files hand over, and how a record that cannot be taken is reported.
 */
import { describeError, MalformedError, TooLargeError, utf8 } from '@quorate/core';
import { codeOf } from '@quorate/program';
import { ServiceError } from '../errors.ts';

/** One record of a file. */
export interface FileRecord {
  readonly key: string;
  readonly value: Uint8Array;
  /** The line where it starts, from 1. */
  readonly line: number;
}

/** Bounds of one record, equal to those of the nodes, so that a bad one is found before it is sent. */
export interface RecordLimits {
  readonly maxKeyBytes: number;
  readonly maxValueBytes: number;
}

/**
 * Takes note of a record that is left out. Where nobody takes note, the error is thrown, and nothing
 * after that record is read.
 */
export type OnInvalid = (error: ServiceError) => void;

/**
 * Checks a record against the limits.
 *
 * @throws TooLargeError naming both sizes.
 */
export function checkRecord(record: FileRecord, limits: RecordLimits): FileRecord {
  if (record.key === '') throw new MalformedError('the key is empty');
  const keyBytes = utf8(record.key).length;
  if (keyBytes > limits.maxKeyBytes) {
    throw new TooLargeError(
      `the key has ${String(keyBytes)} bytes, over the limit of ${String(limits.maxKeyBytes)}`,
    );
  }
  if (record.value.length > limits.maxValueBytes) {
    throw new TooLargeError(
      `the value has ${String(record.value.length)} bytes, over the limit of ${String(limits.maxValueBytes)}`,
    );
  }
  return record;
}

/** Reads one record; a failure names its line, and is thrown or noted. */
export function readRecord(
  line: number,
  read: () => FileRecord,
  onInvalid: OnInvalid | undefined,
): FileRecord | undefined {
  try {
    return read();
  } catch (cause) {
    const error = lineError(line, cause);
    if (onInvalid === undefined) throw error;
    onInvalid(error);
    return undefined;
  }
}

/** An error that names the line where it happened. */
export function lineError(line: number, cause: unknown): ServiceError {
  return new ServiceError(codeOf(cause), `line ${String(line)}: ${describeError(cause)}`, {
    cause,
  });
}
