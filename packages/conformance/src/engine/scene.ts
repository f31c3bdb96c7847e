/**
 * What the tests of engines share: clusters of the engine under test, and the steps of which scenes
 * are made.
 */
import {
  ByteReader,
  concatBytes,
  FrameWriter,
  type MembershipChange,
  type NodeId,
  seededRandom,
  utf8,
} from '@quorate/core';
import { check, equal } from '../check.ts';
import type { EngineLimit, EngineLimits, EngineSuiteOptions } from './options.ts';
import {
  Cluster,
  type ClusterOptions,
  drawProfile,
  type EngineRules,
  raftRules,
  type Requests,
  type SimNode,
  Swarm,
} from './world/index.ts';

/** What a scene starts from; the rest comes from the options of the suite. */
export type SceneOptions<Message> = Omit<
  ClusterOptions<Message>,
  'algorithm' | 'rules' | 'patienceMs' | 'checks'
> & { readonly limits?: EngineLimits };

/** How a group of tests registers, and what it makes its scenes with. */
export class EngineTests<Message> {
  readonly options: EngineSuiteOptions<Message>;
  /** Times of the algorithm. */
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly rules: EngineRules;

  constructor(options: EngineSuiteOptions<Message>) {
    this.options = options;
    this.electionTimeoutMs = options.electionTimeoutMs ?? 500;
    this.heartbeatMs = options.heartbeatMs ?? 100;
    const { oneLeaderPerEpoch, truncatesSuffix, outOfOrderDecisions } = options.capabilities;
    this.rules = {
      ...raftRules,
      ...options.rules,
      oneLeaderPerEpoch,
      truncatesSuffix,
      contiguousLog: !outOfOrderDecisions,
    };
  }

  /** Registers a test, unless the engine lacks a bound that it needs. */
  test(name: string, body: () => void, needs: readonly EngineLimit[] = []): void {
    const { framework, without = [] } = this.options;
    if (needs.some((limit) => without.includes(limit))) return;
    framework.it(name, async () => {
      body();
    });
  }

  /** A cluster that has only just started. */
  cluster({ limits = {}, ...options }: SceneOptions<Message> = {}): Cluster<Message> {
    const conditions = { shipGiveUpMs: 6 * this.electionTimeoutMs, ...options.conditions };
    return new Cluster({ ...this.clusterOptions(limits), ...options, conditions });
  }

  /** Those bounds that the algorithm has. */
  known(limits: EngineLimits): EngineLimits {
    const { without = [] } = this.options;
    return Object.fromEntries(
      Object.entries(limits).filter(([name]) => !without.some((limit) => limit === name)),
    );
  }

  /** What all clusters of this suite have in common. */
  clusterOptions(
    limits: EngineLimits,
  ): Pick<ClusterOptions<Message>, 'algorithm' | 'rules' | 'patienceMs' | 'checks'> {
    const { algorithm, checks } = this.options;
    return {
      algorithm: algorithm(this.known(limits)),
      rules: this.rules,
      patienceMs: 20 * this.electionTimeoutMs,
      ...(checks === undefined ? {} : { checks }),
    };
  }

  /** A cluster under the random faults of a seed. */
  swarm(
    seed: number,
    {
      limits = {},
      runMs,
      clusterSeed = seed,
      ...options
    }: Pick<SceneOptions<Message>, 'limits' | 'maxDurableTailBytes' | 'trace'> & {
      readonly runMs: number;
      /** What all that is not in the profile is drawn from. */
      readonly clusterSeed?: number;
    },
  ): Swarm<Message> {
    const { electionTimeoutMs } = this;
    const drift = limits.maxClockDrift ?? 0;
    const profile = drawProfile(seededRandom(seed), {
      // The fastest clock gains at most the bound on the slowest.
      maxClockDrift: drift / (2 + drift),
      runMs,
      electionTimeoutMs,
      readsAnywhere: this.options.capabilities.readsAnywhere,
    });
    return new Swarm(profile, {
      ...this.clusterOptions(limits),
      ...options,
      electionTimeoutMs,
      seed: clusterSeed,
    });
  }

  /** A cluster in which something is decided and applied everywhere. */
  ready(options: SceneOptions<Message> = {}): Cluster<Message> {
    const cluster = this.cluster(options);
    cluster.decide();
    cluster.converge();
    return cluster;
  }

  /** The same, trimming all of its log with every snapshot. */
  trimming(options: SceneOptions<Message> = {}): Cluster<Message> {
    return this.ready({ limits: { keepBytesBehindSnapshot: 0 }, ...options });
  }

  /** Lets nodes catch up as learners, where there are any, so that they answer when they come to vote. */
  teach(cluster: Cluster<Message>, ...ids: readonly NodeId[]): void {
    if (!this.options.capabilities.learners) return;
    change(cluster, ...ids.map(learner));
    cluster.converge();
    // Their leader may refuse to rest on somebody who has not answered yet.
    cluster.until(() => {
      const peers = cluster.leader?.engine.status.peers ?? [];
      return ids.every((id) => peers.some((peer) => peer.id === id && peer.active));
    }, 'an answer of the learners');
  }

  /** Waits for another leader than this one. */
  otherLeader(cluster: Cluster<Message>, old: SimNode<Message>): SimNode<Message> {
    const find = (): SimNode<Message> | undefined =>
      cluster.nodes.find((node) => node !== old && node.leads);
    cluster.until(() => find() !== undefined, 'another leader');
    return find() ?? old;
  }
}

/** Runs a scene for seeds from 1; a failure names its seed. */
export function forSeeds(count: number, scene: (seed: number) => void): void {
  for (let seed = 1; seed <= count; seed++) {
    try {
      scene(seed);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed}: ${message}`, { cause });
    }
  }
}

export const voter = (id: NodeId): MembershipChange[number] => ({
  type: 'add-voter',
  member: { id },
});

export const learner = (id: NodeId): MembershipChange[number] => ({
  type: 'add-learner',
  member: { id },
});

export const remove = (id: NodeId): MembershipChange[number] => ({ type: 'remove', id });

/** Changes the membership and waits until that is done. */
export function change<Message>(cluster: Cluster<Message>, ...steps: MembershipChange): void {
  const ending = answer(cluster, cluster.elect().reconfigure(steps));
  equal(ending.type, 'done', `the change ${JSON.stringify(steps)}`);
}

export function votersOf<Message>(node: SimNode<Message> | undefined): readonly NodeId[] {
  return node?.engine.status.membership.voters.map(({ id }) => id) ?? [];
}

/** Runs until a request is answered. */
export function answer<Message>(
  cluster: Cluster<Message>,
  ticket: number,
  withinMs?: number,
): NonNullable<ReturnType<Requests<Message>['ending']>> {
  const { requests } = cluster;
  cluster.until(() => requests.ending(ticket) !== undefined, 'an answer', withinMs);
  const ending = requests.ending(ticket);
  check(ending !== undefined, 'an answer');
  return ending;
}

/** Runs until a request is refused, and says why. */
export function refusal<Message>(cluster: Cluster<Message>, ticket: number): string {
  const ending = answer(cluster, ticket);
  return ending.type === 'rejected' ? ending.reason : ending.type;
}

/** Reads on a node, and returns the index of the answer. */
export function read<Message>(cluster: Cluster<Message>, node: SimNode<Message>): number {
  const ending = answer(cluster, node.read('linearizable'));
  check(ending.type === 'ready', `a read on ${node.id} ends as ${ending.type}`);
  return ending.index;
}

/** Node number `at` of those that do not lead, in the order of their names. */
export function follower<Message>(cluster: Cluster<Message>, at: number = 0): SimNode<Message> {
  const node = cluster.followers()[at];
  check(node !== undefined, 'a follower');
  return node;
}

/** What a test needs in which nothing is kept behind a snapshot. */
export const trims: readonly EngineLimit[] = ['keepBytesBehindSnapshot'];

/** Trims the log of a node up to what it has applied. */
export function compact<Message>(
  cluster: Cluster<Message>,
  node: SimNode<Message> = cluster.elect(),
): void {
  const { applied } = node.consumer;
  node.compact();
  cluster.until(() => node.engine.status.firstIndex === applied + 1, 'the log is trimmed');
}

/** A follower that was away while the others wrote and trimmed their logs. */
export function leaveBehind<Message>(cluster: Cluster<Message>): SimNode<Message> {
  const behind = follower(cluster);
  behind.crash();
  cluster.commitMany(30);
  cluster.run(50);
  for (const node of cluster.live) compact(cluster, node);
  return behind;
}

/** Cuts all links to and from these nodes, also among themselves. */
export function scatter<Message>(cluster: Cluster<Message>): void {
  for (const { id } of cluster.nodes) cluster.isolate(id);
}

/** A text that is found in the bytes of every message that carries it as a payload, and in no other. */
export function marker(name: string): Uint8Array {
  return utf8(`<the payload ${name}>`);
}

/** Tells whether a message carries one of these payloads. */
export function carries<Message>(
  cluster: Cluster<Message>,
  ...payloads: readonly Uint8Array[]
): (message: Message) => boolean {
  return (message) => {
    const bytes = encode(cluster, message);
    return payloads.some((payload) => includes(bytes, payload));
  };
}

/** The bytes of a message. */
export function encode<Message>(cluster: Cluster<Message>, message: Message): Uint8Array {
  const writer = new FrameWriter();
  cluster.algorithm.codec.encode(message, writer);
  return concatBytes(writer.take());
}

/** The message in these bytes, all of them. */
export function decode<Message>(cluster: Cluster<Message>, bytes: Uint8Array): Message {
  const reader = new ByteReader(bytes);
  const message = cluster.algorithm.codec.decode(reader);
  reader.end();
  return message;
}

function includes(bytes: Uint8Array, part: Uint8Array): boolean {
  const [first = -1] = part;
  for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return true;
  }
  return false;
}
