/**
 * What becomes of answers of the map that are not what was asked for: the same over HTTP and on the command line.
 */
import { type Consistency, InvalidArgumentError, unreachable } from '@quorate/core';
import { expectType, type KvAnswer } from '@quorate/machine-kv';
import { type ServiceError, serviceError } from './errors.ts';

/**
 * The answer to a read of one key or of several.
 *
 * @throws CompactedError if the revision to read at has been forgotten.
 * @throws ServiceError with the code UNAVAILABLE if this node does not have the revision yet.
 * @throws InvalidArgumentError if nobody has.
 */
export function answered<const Type extends 'get' | 'range'>(
  answer: KvAnswer,
  consistency: Consistency,
  type: Type,
): KvAnswer & { readonly type: Type } {
  if (answer.type !== 'future') return expectType(answer, type);
  const there = `revision ${String(answer.revision)} is not there yet; the current one is ${String(answer.currentRevision)}`;
  switch (consistency) {
    case 'local':
      throw serviceError('UNAVAILABLE', `${there} on this node: retry, or read linearizable`);
    case 'linearizable':
    case 'lease':
      throw new InvalidArgumentError(`${there}: read without a revision`);
    default:
      return unreachable(consistency);
  }
}

/** The error of a key that is not there. */
export function noKey(key: string): ServiceError {
  return serviceError('NOT_FOUND', `there is no key ${JSON.stringify(key)}`);
}

/** The error of a lease that is not there. */
export function noLease(id: number): ServiceError {
  return serviceError(
    'NOT_FOUND',
    `there is no lease ${String(id)}: it ran out, was revoked or never granted`,
  );
}
