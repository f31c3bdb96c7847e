/**
 * What all nodes of a synod agree on from the start: who votes, and how many votes are enough.
 */
import { checkName, InvalidArgumentError, type NodeId } from '@quorate/core';
import { majority, quorumRefusal, type QuorumSystem } from '../quorums.ts';

/** What {@link synod} takes. Equal on all nodes. */
export interface SynodOptions<Value> {
  /** Who votes. Any number; 2f + 1 of them survive the loss of f, with majorities. */
  readonly acceptors: readonly NodeId[];
  /**
   * Which of them are enough.
   *
   * @default majority()
   */
  readonly quorums?: QuorumSystem;
  /**
   * Whether two values are the same: `Object.is` for texts and numbers, `equalBytes` of `@quorate/core`
   * for bytes.
   */
  readonly equal: (left: Value, right: Value) => boolean;
}

/** A group of acceptors that decides on one value. Made by {@link synod}. */
export interface Synod<Value> extends Required<SynodOptions<Value>> {
  /** Sorted, so that a grid looks the same from everywhere. */
  readonly acceptors: readonly NodeId[];
}

/**
 * Describes a group.
 *
 * @throws InvalidArgumentError if a name is none or stands twice, or if a phase-1 quorum could miss a
 * phase-2 quorum: then two values could be chosen.
 */
export function synod<Value>(options: SynodOptions<Value>): Synod<Value> {
  const { quorums = majority(), equal } = options;
  const acceptors = [...options.acceptors].sort();
  acceptors.forEach((acceptor, at) => {
    checkName(acceptor, 'an acceptor');
    if (acceptors[at - 1] === acceptor) {
      throw new InvalidArgumentError(`${acceptor} stands twice among the acceptors`);
    }
  });
  const refusal = quorumRefusal(quorums, acceptors);
  if (refusal !== undefined) throw new InvalidArgumentError(refusal);
  return { acceptors, quorums, equal };
}
