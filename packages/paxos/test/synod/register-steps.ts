/**
 * Everything that can happen next to a register.
 *
 * Messages are a set that only grows: any of them arrives at anybody it is meant for, at any time, any
 * number of times; one that never arrives is lost. A proposer begins a new ballot whenever it likes, also
 * in the midst of another.
 *
 * A node that crashes comes back with what is on its disk. For an acceptor that is everything, unless the
 * rules are broken. A proposer that never comes back, or comes back with no round left to use, does what
 * one does at which nothing arrives any more, so that is not a step of its own. And what a node does about
 * a message is one step: a crash in its midst is one before it, since nothing is sent before it is stored.
 */
import { InvariantError } from '@quorate/core';
import { newProposer } from '../../src/synod/index.ts';
import type { Step } from './explore.ts';
import {
  type Configuration,
  describeMessage,
  type Message,
  type Parts,
  proposerId,
  proposerOf,
  type Rules,
  type World,
} from './register-world.ts';
import { once } from './tables.ts';

/** What becomes of a part: its new number, what it sends to everybody, and whether it stopped. */
interface Change {
  readonly to: number;
  readonly sends: number | undefined;
  readonly stopped: string | undefined;
}

type Part = 'acceptors' | 'proposers' | 'learners';

/** The steps of a model. */
export function registerSteps(
  configuration: Configuration,
  parts: Parts,
  rules: Rules,
): (world: World) => readonly Step<World>[] {
  const { wishes, rounds, refusals = false, announcements = false } = configuration;
  const { group, messages, sets, acceptors, proposers, learners } = parts;

  /** A node whose invariant breaks stops: nothing becomes of the message. */
  const guarded = (
    number: number,
    receive: () => { readonly to: number; readonly send: Message | undefined },
  ): Change => {
    try {
      const { to, send } = receive();
      const sends = send === undefined ? undefined : messages.number(send);
      return { to, sends, stopped: undefined };
    } catch (error) {
      if (!(error instanceof InvariantError)) throw error;
      return { to: number, sends: undefined, stopped: error.message };
    }
  };

  const acceptorReceives = once((number, message) => {
    const { memory, disk, sent } = acceptors.at(number);
    const received = messages.at(message);
    if (received.type !== 'prepare' && received.type !== 'propose') return number;
    const { store, send } =
      received.type === 'prepare'
        ? rules.promise(memory, received)
        : rules.accept(memory, received);
    const forgotten = send.type === 'refused' && !refusals;
    return acceptors.number({
      memory: store,
      disk: rules.storeState(disk, store),
      sent: forgotten ? sent : including(sent, messages.number(send)),
    });
  });

  const acceptorRestarts = once((number) => {
    const { disk, sent } = acceptors.at(number);
    return acceptors.number({ memory: disk, disk, sent });
  });

  const proposerPrepares = once((number) => {
    const { memory, disk } = proposers.at(number);
    const { state, store, send } = rules.prepare(memory);
    const to = proposers.number({ memory: state, disk: rules.storeRound(disk, store) });
    return { to, sends: messages.number(send) };
  });

  const proposerReceives = once((number, acceptor, message) =>
    guarded(number, () => {
      const { memory, disk } = proposers.at(number);
      const received = messages.at(message);
      if (received.type === 'refused') {
        return {
          to: proposers.number({ memory: rules.heed(memory, received), disk }),
          send: undefined,
        };
      }
      if (received.type !== 'promise') return { to: number, send: undefined };
      const { state, send } = rules.propose(group, memory, parts.acceptorId(acceptor), received);
      return { to: proposers.number({ memory: state, disk }), send };
    }),
  );

  const proposerRestarts = once((number, proposer) => {
    const { memory, disk } = proposers.at(number);
    const values = wishes[proposer] ?? [];
    const value = values[values.indexOf(memory.value) + 1] ?? memory.value;
    return proposers.number({
      memory: newProposer({ node: memory.node, value, round: disk }),
      disk,
    });
  });

  const learnerReceives = once((number, acceptor, message) =>
    guarded(number, () => {
      const memory = learners.at(number);
      const received = messages.at(message);
      if (received.type !== 'accepted' && received.type !== 'chosen')
        return { to: number, send: undefined };
      const state = rules.learn(group, memory, parts.acceptorId(acceptor), received);
      const { chosen } = state;
      const tells = announcements && chosen !== undefined && memory.chosen === undefined;
      return {
        to: learners.number(state),
        send: tells ? { type: 'chosen', ...chosen } : undefined,
      };
    }),
  );

  const spread = once((set, message) => sets.number(including(sets.at(set), message)));

  return (world) => {
    const steps: Step<World>[] = [];
    // In so many words: a name that is computed makes each of a million copies several times as dear.
    const change = (part: Part, at: number, to: number): World => {
      switch (part) {
        case 'acceptors':
          return { ...world, acceptors: world.acceptors.with(at, to) };
        case 'proposers':
          return { ...world, proposers: world.proposers.with(at, to) };
        case 'learners':
          return { ...world, learners: world.learners.with(at, to) };
      }
    };
    const add = (to: World, what: () => string): void => {
      steps.push({ to, what });
    };
    const addReceived = (
      part: 'proposers' | 'learners',
      at: number,
      { to, sends, stopped }: Change,
      what: () => string,
    ): void => {
      if (to === world[part][at] && stopped === undefined) return;
      const sent = sends === undefined ? world.sent : spread(world.sent, sends);
      add({ ...change(part, at, to), sent, stopped }, () =>
        sends === undefined ? what() : `${what()}; sends ${describeMessage(messages.at(sends))}`,
      );
    };
    const sent = sets.at(world.sent);

    world.proposers.forEach((number, at) => {
      const node = proposers.at(number);
      const limit = rounds[at] ?? 0;
      if (node.memory.round < limit) {
        const { to, sends } = proposerPrepares(number);
        add(
          { ...change('proposers', at, to), sent: spread(world.sent, sends) },
          () => `${proposerId(at)} sends ${describeMessage(messages.at(sends))}`,
        );
      }
      const to = proposerRestarts(number, at);
      if (to !== number && node.disk < limit) {
        const wish = proposers.at(to).memory.value;
        add(change('proposers', at, to), () => `${proposerId(at)} restarts, wants ${wish}`);
      }
    });

    world.acceptors.forEach((number, at) => {
      const id = parts.acceptorId(at);
      for (const message of sent) {
        const to = acceptorReceives(number, message);
        if (to === number) continue;
        add(change('acceptors', at, to), () => {
          const known = acceptors.at(number).sent;
          const answer = acceptors.at(to).sent.filter((one) => !known.includes(one));
          const words = answer.map((one) => `; sends ${describeMessage(messages.at(one))}`);
          return `${id} hears ${describeMessage(messages.at(message))}${words.join('')}`;
        });
      }
      const restarted = acceptorRestarts(number);
      if (restarted !== number) add(change('acceptors', at, restarted), () => `${id} restarts`);

      for (const message of acceptors.at(number).sent) {
        const one = messages.at(message);
        const heard = (by: string) => () => `${by} hears ${describeMessage(one)}, of ${id}`;
        if (one.type === 'accepted') {
          world.learners.forEach((learner, to) => {
            const become = learnerReceives(learner, at, message);
            addReceived('learners', to, become, heard(`l${String(to + 1)}`));
          });
        } else {
          const to = proposerOf(one);
          const become = proposerReceives(world.proposers[to] ?? 0, at, message);
          addReceived('proposers', to, become, heard(proposerId(to)));
        }
      }
    });

    for (const message of sent) {
      if (messages.at(message).type !== 'chosen') continue;
      world.learners.forEach((learner, at) => {
        addReceived('learners', at, learnerReceives(learner, 0, message), () => {
          return `l${String(at + 1)} hears ${describeMessage(messages.at(message))}`;
        });
      });
    }
    return steps;
  };
}

/** A sorted set with one more. */
function including(set: readonly number[], one: number): readonly number[] {
  return set.includes(one) ? set : [...set, one].sort((left, right) => left - right);
}
