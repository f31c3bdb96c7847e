/**
 * Whoever watches a cluster: the recorder of the general invariants, the checks of one algorithm,
 * a scripted scenario. Each call comes at a moment at which everything it looks at is consistent.
 */
import type {
  Effects,
  Input,
  LogIndex,
  Membership,
  NodeId,
  Outcome,
  ReadGuarantee,
} from '@quorate/core';
import type { SimNode } from './node.ts';

/** One turn of a node's driver: the inputs it took, and what came out. */
export interface Turn<Message> {
  readonly inputs: readonly Input<Message>[];
  readonly effects: Effects<Message>;
  /** Memberships in force at the start and after each input. */
  readonly memberships: readonly Membership[];
  /** The node's own clock. */
  readonly now: number;
}

/** A request that was handed to an engine. */
export type Request =
  | { readonly type: 'propose' | 'reconfigure' | 'transfer' | 'compact' | 'install' }
  | { readonly type: 'read'; readonly guarantee: ReadGuarantee };

/** A group that begins anew with what there is, once all nodes have ended (see `new-group.ts`). */
export interface NewGroup<Message> {
  /** Nodes that hold its beginning. All others hold nothing. */
  readonly nodes: readonly SimNode<Message>[];
  /** The one that goes on with what it had; `undefined` where all were given a saved state. */
  readonly survivor: SimNode<Message> | undefined;
  readonly membership: Membership;
  /** Index of the snapshot that it begins with; 0 without one. */
  readonly base: LogIndex;
  /** Records behind it that the survivor held: their values must be in the new log. */
  readonly held: ReadonlyMap<LogIndex, Uint8Array>;
}

/** Watches; throws what it finds. Every method is optional. */
export interface Observer<Message> {
  /** A life began: the engine was made from what the disk held. */
  started?(node: SimNode<Message>): void;
  /** A life ended. */
  crashed?(node: SimNode<Message>): void;
  /** No node runs, and what was decided so far counts only as far as it is in the new group. */
  regrouped?(group: NewGroup<Message>): void;
  /** The engine took an input; nothing was taken out of it yet. */
  stepped?(node: SimNode<Message>, input: Input<Message>): void;
  /** The effects were taken, and their writes handed to the disk; nothing else was done yet. */
  took?(node: SimNode<Message>, turn: Turn<Message>): void;
  /** A message leaves its node: what it waited for is durable. */
  left?(node: SimNode<Message>, to: NodeId, message: Message): void;
  /** A request enters the node's inbox. */
  requested?(node: SimNode<Message>, ticket: number, request: Request): void;
  settled?(node: SimNode<Message>, outcome: Outcome): void;
}

/** Makes a broken rule stand out among other errors. */
export class Violation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Violation';
  }
}

/** @throws Violation unless the condition holds. */
export function must(condition: boolean, rule: () => string): asserts condition {
  if (!condition) throw new Violation(rule());
}
