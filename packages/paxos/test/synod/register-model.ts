/**
 * A write-once register under every fault that Paxos promises to survive, as a model to explore. The
 * functions under test come in as a parameter, so that breaking one of them shows what it is good for.
 */
import {
  accept,
  heed,
  learn,
  newAcceptor,
  newLearner,
  newProposer,
  prepare,
  promise,
  propose,
} from '../../src/synod/index.ts';
import type { Model } from './explore.ts';
import { registerChecks } from './register-checks.ts';
import { registerKey } from './register-key.ts';
import { registerSteps } from './register-steps.ts';
import { type Configuration, Parts, proposerId, type Rules, type World } from './register-world.ts';

/** As they are meant to be. */
export const rules: Rules = {
  prepare,
  promise,
  propose,
  accept,
  heed,
  learn,
  storeState: (_disk, store) => store,
  storeRound: (_disk, store) => store,
};

/**
 * The model of a register.
 *
 * @param checks whether to look for everything that the proof of Paxos rests on, or only for what a user
 * would suffer from: two chosen values, or one that is learned and not chosen.
 */
export function registerModel(
  configuration: Configuration,
  under: Rules = rules,
  checks: 'everything' | 'harm' = 'everything',
): Model<World> & { readonly parts: Parts } {
  const { wishes, learners = 0 } = configuration;
  const parts = new Parts(configuration);
  const { chosen, harm, weakness, relapse } = registerChecks(parts);
  const everything = checks === 'everything';
  const acceptor = parts.acceptors.number({ memory: newAcceptor, disk: newAcceptor, sent: [] });
  const proposers = wishes.map(([value = ''], at) => {
    const memory = newProposer({ node: proposerId(at), value, round: 0 });
    return parts.proposers.number({ memory, disk: 0 });
  });
  const learner = parts.learners.number(newLearner);
  return {
    parts,
    initial: {
      acceptors: parts.group.acceptors.map(() => acceptor),
      proposers,
      learners: Array.from({ length: learners }, () => learner),
      sent: parts.sets.number([]),
      stopped: undefined,
    },
    next: registerSteps(configuration, parts, under),
    key: registerKey(configuration, parts),
    wrong: (world) => harm(world) ?? (everything ? weakness(world) : undefined),
    wrongStep: (before, after) => (everything ? relapse(before, after) : undefined),
    sometimes: Object.fromEntries(
      wishes
        .flat()
        .map((value) => [
          `${value} is chosen`,
          (world: World) => chosen(world).some((vote) => vote.value === value),
        ]),
    ),
  };
}
