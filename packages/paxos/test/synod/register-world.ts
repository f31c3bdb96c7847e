/**
 * The worlds of {@link registerModel}: what there is besides the functions under test, and in which words
 * a trace speaks of it.
 */
import type { NodeId } from '@quorate/core';
import { describeBallot } from '../../src/ballot.ts';
import { majority, type QuorumSystem } from '../../src/quorums.ts';
import type {
  accept,
  AcceptorState,
  heed,
  learn,
  LearnerState,
  prepare,
  promise,
  propose,
  ProposerState,
  Synod,
  SynodMessage,
} from '../../src/synod/index.ts';
import { Table } from './tables.ts';

export type Value = string;
export type Message = SynodMessage<Value>;

/** The functions under test, and what a driver has to do around them. */
export interface Rules {
  readonly prepare: typeof prepare<Value>;
  readonly promise: typeof promise<Value>;
  readonly propose: typeof propose<Value>;
  readonly accept: typeof accept<Value>;
  readonly heed: typeof heed<Value>;
  readonly learn: typeof learn<Value>;
  /** What is on an acceptor's disk after it was told to store `store`. */
  readonly storeState: (
    disk: AcceptorState<Value>,
    store: AcceptorState<Value>,
  ) => AcceptorState<Value>;
  /** What is on a proposer's disk after it was told to store `store`. */
  readonly storeRound: (disk: number, store: number) => number;
}

/** How large a world is. */
export interface Configuration {
  readonly acceptors: number;
  /** @default majority() */
  readonly quorums?: QuorumSystem;
  /** A list for each proposer: the value it wants to write, and those it wants after restarts. */
  readonly wishes: readonly (readonly Value[])[];
  /** How many rounds each proposer may use. */
  readonly rounds: readonly number[];
  /** @default 0 */
  readonly learners?: number;
  /** Whether a learner tells the others what is chosen. @default false */
  readonly announcements?: boolean;
  /** Whether refusals ever arrive. They make proposers skip rounds. @default false */
  readonly refusals?: boolean;
  /** Which worlds are explored once, see `register-key.ts`. @default everything */
  readonly merge?: readonly Merge[];
}

/** What makes no difference: the names of the acceptors, messages to which nobody does anything more. */
export type Merge = 'names' | 'dead messages';

/** An acceptor, and the set of everything it has ever sent: sorted numbers of messages. */
export interface AcceptorNode {
  readonly memory: AcceptorState<Value>;
  readonly disk: AcceptorState<Value>;
  readonly sent: readonly number[];
}

export interface ProposerNode {
  readonly memory: ProposerState<Value>;
  readonly disk: number;
}

/** A state of the model: numbers of parts in {@link Parts}. */
export interface World {
  readonly acceptors: readonly number[];
  readonly proposers: readonly number[];
  readonly learners: readonly number[];
  /** The set of everything that proposers and learners have ever sent. */
  readonly sent: number;
  /** The invariant that broke in the last step, and stopped a node. */
  readonly stopped: string | undefined;
}

/** Everything that occurs in the worlds of one exploration. */
export class Parts {
  readonly group: Synod<Value>;
  readonly messages: Table<Message> = new Table();
  /** Sorted numbers of messages. */
  readonly sets: Table<readonly number[]> = new Table();
  readonly acceptors: Table<AcceptorNode> = new Table();
  readonly proposers: Table<ProposerNode> = new Table();
  readonly learners: Table<LearnerState<Value>> = new Table();

  constructor({ acceptors, quorums = majority() }: Configuration) {
    // Not through `synod`, which would refuse the quorums that are explored because they do not meet.
    const ids = Array.from({ length: acceptors }, (_, at) => `a${String(at + 1)}`);
    this.group = { acceptors: ids, quorums, equal: Object.is };
  }

  acceptorId(acceptor: number): NodeId {
    return this.group.acceptors[acceptor] ?? '';
  }

  /** What was sent by proposers and learners. */
  sent(world: World): readonly Message[] {
    return this.sets.at(world.sent).map((message) => this.messages.at(message));
  }
}

export function proposerId(proposer: number): NodeId {
  return `p${String(proposer + 1)}`;
}

/** Which proposer a ballot belongs to. */
export function proposerOf(message: Message): number {
  return Number(message.ballot.node.slice(1)) - 1;
}

/** A message in a trace. */
export function describeMessage(message: Message): string {
  const ballot = describeBallot(message.ballot);
  switch (message.type) {
    case 'prepare':
      return `prepare ${ballot}`;
    case 'promise': {
      const { vote } = message;
      const voted =
        vote === undefined ? 'no vote' : `${vote.value} in ${describeBallot(vote.ballot)}`;
      return `promise ${ballot}, ${voted}`;
    }
    case 'propose':
    case 'accepted':
    case 'chosen':
      return `${message.type} ${ballot} ${message.value}`;
    case 'refused':
      return `refused ${ballot} for ${describeBallot(message.promised)}`;
  }
}
