/**
 * Whoever watches a group of engines: the recorder of the general invariants, the checks of one
 * algorithm, a scripted scenario. What a world has to show of its nodes, and when it calls.
 *
 * Each call comes at a moment at which everything it looks at is consistent.
 */
import type { Effects, EngineStatus, Input, Outcome, ReadGuarantee } from '../engine.ts';
import type { LogIndex, NodeId } from '../ids.ts';
import type { Membership } from '../membership.ts';
import type { Image } from './image.ts';
import type { Recorder } from './recorder.ts';

/** The disk of a node, as far as the engine has written to it. */
export interface WatchedDisk {
  /** What survives a crash for certain. After one, more may be found: some of what was under way, in order. */
  readonly durable: Image;
  /** With everything that the engine has handed over. */
  readonly written: Image;
  /** How many of the engine's writes were handed over and are not durable. They become so in order. */
  readonly underWay: number;
}

/** What stands on the engine of a node, where it keeps a checksum over all that was delivered. */
export interface WatchedConsumer {
  /** Last index applied. */
  readonly applied: LogIndex;
  /** The `chained` checksum over everything up to there. */
  readonly chain: number;
}

/** One node; outlives its crashes. */
export interface WatchedNode {
  readonly id: NodeId;
  /** Whether it is running. */
  readonly up: boolean;
  /** Changes with every start and every crash. */
  readonly life: number;
  /** What its engine was given to begin with. */
  readonly bootstrap: Membership;
  /** Throws while the node is down. */
  readonly engine: { readonly status: EngineStatus };
  readonly disk: WatchedDisk;
  /** Absent: somebody else compares the states of nodes. */
  readonly consumer?: WatchedConsumer;
}

/** The nodes of one group, and what was recorded of it. */
export interface WatchedGroup<Message> {
  /** All of them, those that are to join later included. */
  readonly nodes: readonly WatchedNode[];
  /** Those that run. */
  readonly live: readonly WatchedNode[];
  /** Hears of each step before the checks of one algorithm do. */
  readonly recorder: Recorder<Message>;
  /** The membership that the group began with. */
  readonly bootstrap: Membership;
}

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

/** A group that begins anew with what there is, once all nodes have ended. */
export interface NewGroup {
  /** Nodes that hold its beginning. All others hold nothing. */
  readonly nodes: readonly WatchedNode[];
  /** The one that goes on with what it had; `undefined` where all were given a saved state. */
  readonly survivor: WatchedNode | undefined;
  readonly membership: Membership;
  /** Index of the snapshot that it begins with; 0 without one. */
  readonly base: LogIndex;
  /** Records behind it that the survivor held: their values must be in the new log. */
  readonly held: ReadonlyMap<LogIndex, Uint8Array>;
}

/** Watches; throws what it finds. Every method is optional. */
export interface Observer<Message> {
  /** A life began: the engine was made from what the disk held. */
  started?(node: WatchedNode): void;
  /** A life ends. Node and disk still show its last moment. */
  crashed?(node: WatchedNode): void;
  /** No node runs, and what was decided so far counts only as far as it is in the new group. */
  regrouped?(group: NewGroup): void;
  /** The engine took an input; nothing was taken out of it yet. */
  stepped?(node: WatchedNode, input: Input<Message>): void;
  /** The effects were taken, and their writes handed to the disk; nothing else was done yet. */
  took?(node: WatchedNode, turn: Turn<Message>): void;
  /** A message leaves its node: what it waited for is durable. */
  left?(node: WatchedNode, to: NodeId, message: Message): void;
  /** A request enters the node's inbox. Its ticket is its own within one life of this node. */
  requested?(node: WatchedNode, ticket: number, request: Request): void;
  settled?(node: WatchedNode, outcome: Outcome): void;
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
