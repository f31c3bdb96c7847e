/**
 * What must hold of a register, at any time.
 *
 * What was chosen is read off the messages, which are never forgotten, and not off the acceptors, which
 * keep their last vote only.
 */
import type { NodeId } from '@quorate/core';
import { compareBallots } from '../../src/ballot.ts';
import type { Vote } from '../../src/rules.ts';
import { describeMessage, type Parts, type Value, type World } from './register-world.ts';

/** What can be asked of a world. */
export interface Checks {
  /** The votes that a phase-2 quorum has cast in one ballot. */
  readonly chosen: (world: World) => readonly Vote<Value>[];
  /** What a user would suffer from. */
  readonly harm: (world: World) => string | undefined;
  /** What the proof of Paxos rests on: broken earlier than anybody suffers from it. */
  readonly weakness: (world: World) => string | undefined;
  /** What must not happen from one world to the next: an invariant breaks, a promise falls. */
  readonly relapse: (before: World, after: World) => string | undefined;
}

export function registerChecks(parts: Parts): Checks {
  const { messages, acceptors, learners, group } = parts;
  const memory = new Map<string, readonly Vote<Value>[]>();

  const chosen = (world: World): readonly Vote<Value>[] => {
    const key = world.acceptors.join();
    const known = memory.get(key);
    if (known !== undefined) return known;
    const polls = new Map<string, { readonly vote: Vote<Value>; readonly voters: Set<NodeId> }>();
    world.acceptors.forEach((number, at) => {
      for (const one of acceptors.at(number).sent) {
        const message = messages.at(one);
        if (message.type !== 'accepted') continue;
        const name = describeMessage(message);
        const poll = polls.get(name) ?? { vote: message, voters: new Set() };
        polls.set(name, poll);
        poll.voters.add(parts.acceptorId(at));
      }
    });
    const found = [...polls.values()]
      .filter(({ voters }) => group.quorums.phase2(group.acceptors, (id) => voters.has(id)))
      .map(({ vote }) => vote);
    memory.set(key, found);
    return found;
  };

  return {
    chosen,

    harm: (world) => {
      const values = [...new Set(chosen(world).map(({ value }) => value))].sort();
      if (values.length > 1) return `${values.join(' and ')} are chosen`;
      for (const number of world.learners) {
        const learned = learners.at(number).chosen?.value;
        if (learned !== undefined && !values.includes(learned)) {
          return `${learned} is learned and not chosen`;
        }
      }
      return undefined;
    },

    weakness: (world) => {
      for (const number of world.acceptors) {
        const { promised, accepted } = acceptors.at(number).memory;
        if (accepted !== undefined && compareBallots(accepted.ballot, promised) > 0) {
          return 'a vote is above the promise';
        }
      }
      const proposals = parts.sent(world).filter((message) => message.type === 'propose');
      for (const { ballot, value } of chosen(world)) {
        let proposed = false;
        for (const proposal of proposals) {
          const order = compareBallots(proposal.ballot, ballot);
          if (order === 0) proposed = true;
          // P2b of "Paxos Made Simple"; of a ballot on its own, too.
          if (order >= 0 && proposal.value !== value)
            return 'another value is proposed above a chosen one';
        }
        if (!proposed) return `${value} is chosen and was not proposed`;
      }
      return undefined;
    },

    relapse: (before, after) => {
      if (after.stopped !== undefined) return after.stopped;
      for (const [at, number] of after.acceptors.entries()) {
        const earlier = before.acceptors[at];
        if (earlier === undefined || earlier === number) continue;
        const promised = acceptors.at(earlier).memory.promised;
        if (compareBallots(acceptors.at(number).memory.promised, promised) < 0)
          return 'a promise falls';
      }
      return undefined;
    },
  };
}
