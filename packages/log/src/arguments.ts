/**
 * What callers hand in, checked before it goes anywhere: what does not fit into a frame would come
 * to light in the middle of a turn, where a failure stops the node.
 */
import {
  checkName,
  InvalidArgumentError,
  type LogIndex,
  maxAddressBytes,
  maxU48,
  utf8,
} from '@quorate/core';
import { guarantees, maxChangeSteps, type Question } from './frames.ts';

/**
 * Checks a read, a change or a transfer. What a change means is the leader's to judge.
 *
 * @throws InvalidArgumentError if it can never work.
 */
export function checkAsked(body: Question): void {
  switch (body.kind) {
    case 'read':
      if (!guarantees.includes(body.guarantee)) {
        throw new InvalidArgumentError(`unknown read guarantee ${body.guarantee}`);
      }
      return;
    case 'change':
      if (body.change.length > maxChangeSteps) {
        throw new InvalidArgumentError(
          `a change has at most ${String(maxChangeSteps)} steps, got ${String(body.change.length)}`,
        );
      }
      for (const step of body.change) {
        const { id, address } = step.type === 'remove' ? { id: step.id, address: '' } : step.member;
        checkName(id, 'a node id');
        if (utf8(address ?? '').length > maxAddressBytes) {
          throw new InvalidArgumentError(
            `the address of ${id} is over ${String(maxAddressBytes)} bytes`,
          );
        }
      }
      return;
    case 'transfer':
      if (body.to !== undefined) checkName(body.to, 'a node id');
  }
}

/**
 * Checks an index of the log.
 *
 * @throws InvalidArgumentError if it can be none.
 */
export function checkIndex(index: LogIndex): void {
  if (!Number.isInteger(index) || index < 0 || index > maxU48) {
    throw new InvalidArgumentError(`${String(index)} is no index of a log`);
  }
}
