/**
 * Swarm testing: each seed draws which faults there are and how strong, how big the group is and
 * what its clients do. A test in which everything goes wrong all the time never gets far; many in
 * which a few things go wrong reach deep (Groce et al. 2012, "Swarm testing").
 */
import { seededRandom } from '@quorate/core';
import type { MemberChange, MembershipChange, NodeId, Random } from '@quorate/core';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { calm, type Conditions, type Range } from './conditions.ts';
import type { SimNode } from './node.ts';
import { must } from './observer.ts';

/** What one seed does to a cluster. Each `…EveryMs` is a mean; `Infinity`: never. */
export interface Profile {
  readonly voters: readonly NodeId[];
  readonly joiners: readonly NodeId[];
  readonly conditions: Conditions;
  readonly clockDrift: number;
  readonly runMs: number;
  readonly proposeEveryMs: number;
  readonly payloadBytes: number;
  readonly burst: number;
  readonly readEveryMs: number;
  readonly leaseReads: boolean;
  readonly compactEveryMs: number;
  /** How often a snapshot arrives that nobody waits for. */
  readonly strayEveryMs: number;
  readonly reconfigureEveryMs: number;
  readonly transferEveryMs: number;
  readonly crashEveryMs: number;
  readonly downMs: Range;
  /** Whether a crash may take several nodes at once. */
  readonly outages: boolean;
  readonly cutEveryMs: number;
  readonly cutMs: Range;
  readonly stallEveryMs: number;
  readonly stallMs: Range;
  readonly pauseEveryMs: number;
  readonly pauseMs: Range;
}

/** Limits within which profiles are drawn. */
export interface ProfileLimits {
  /** Largest drift that the algorithm is told of. */
  readonly maxClockDrift: number;
  readonly runMs: number;
}

/** Draws a profile. */
export function drawProfile(random: Random, limits: ProfileLimits): Profile {
  const never = Number.POSITIVE_INFINITY;
  const some = (probability: number, from: number, to: number): number =>
    random.chance(probability) ? random.between(from, to) : never;
  const rate = (probability: number, most: number): number =>
    random.chance(probability) ? random.next() * most : 0;
  const size = random.pick([1, 3, 3, 3, 5, 5]);
  const slowNetwork = random.chance(0.2);
  const slowDisk = random.chance(0.25);
  const churn = random.chance(0.5);
  const conditions: Conditions = {
    ...calm(),
    delayMs: slowNetwork ? [1, random.between(20, 150)] : [0.2, random.between(1, 15)],
    reorder: random.chance(0.5),
    dropRate: rate(0.4, 0.2),
    duplicateRate: rate(0.4, 0.2),
    replayRate: rate(0.3, 0.05),
    syncMs: slowDisk ? [1, random.between(10, 120)] : [0.1, random.between(0.5, 5)],
    completionMs: random.chance(0.3) ? [0, random.between(1, 40)] : [0, 0],
    completions: random.pick(['last', 'each', 'shuffled']),
    duplicateCompletionRate: rate(0.3, 0.3),
    loadMs: [0.1, random.pick([1, 5, 50])],
    turnMs: random.chance(0.5) ? [0, random.between(0.5, 10)] : [0, 0],
    lateTickMs: [0, random.pick([0.5, 2, 30])],
    applyMs: [0, random.pick([0.5, 5, 200])],
    shipMs: [5, random.pick([30, 300, 2000])],
    shipFailureRate: rate(0.4, 0.5),
  };
  const names = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7'];
  return {
    voters: names.slice(0, size),
    joiners: churn ? names.slice(size, size + 2) : [],
    conditions,
    clockDrift: random.chance(0.5) ? random.next() * limits.maxClockDrift : 0,
    runMs: limits.runMs,
    proposeEveryMs: random.pick([5, 20, 60]),
    payloadBytes: random.pick([8, 8, 64, 1000]),
    burst: random.pick([1, 1, 4, 30]),
    readEveryMs: some(0.7, 10, 100),
    leaseReads: random.chance(0.6),
    compactEveryMs: some(0.6, 100, 2000),
    strayEveryMs: some(0.4, 100, 2000),
    reconfigureEveryMs: churn ? random.between(100, 1500) : never,
    transferEveryMs: some(0.4, 200, 3000),
    crashEveryMs: some(0.6, 300, 4000),
    downMs: [0, random.pick([20, 600, 3000])],
    outages: random.chance(0.3),
    cutEveryMs: some(0.6, 200, 3000),
    cutMs: [50, random.pick([300, 1500, 4000])],
    stallEveryMs: some(0.3, 500, 5000),
    stallMs: [50, 2500],
    pauseEveryMs: some(0.4, 200, 3000),
    pauseMs: [10, random.pick([50, 700, 2500])],
  };
}

/** After so long without an answer, a client asks again. */
const patienceMs = 2000;

/** A cluster under one profile. */
export class Swarm<Message> {
  readonly cluster: Cluster<Message>;
  readonly #profile: Profile;
  readonly #random: Random;
  #over = false;

  constructor(
    profile: Profile,
    options: Omit<ClusterOptions<Message>, 'voters' | 'joiners' | 'conditions' | 'clockDrift'>,
  ) {
    this.#profile = profile;
    this.cluster = new Cluster({ ...options, ...profile });
    this.#random = seededRandom((options.seed ?? 1) + 0x5eed);
  }

  /** Lets the faults rage. */
  rage(): void {
    const { cluster } = this;
    const profile = this.#profile;
    this.#every(profile.proposeEveryMs, () => {
      this.#propose();
    });
    this.#every(profile.readEveryMs, () => {
      this.#read();
    });
    this.#every(profile.compactEveryMs, () => {
      this.#anyLive()?.compact();
    });
    this.#every(profile.strayEveryMs, () => {
      cluster.shipping.stray(this.#random.pick(cluster.nodes), this.#random.pick(cluster.nodes));
    });
    this.#every(profile.reconfigureEveryMs, () => {
      this.#reconfigure();
    });
    this.#every(profile.transferEveryMs, () => {
      this.#transfer();
    });
    this.#every(profile.crashEveryMs, () => {
      this.#crash();
    });
    this.#every(profile.cutEveryMs, () => {
      this.#cut();
    });
    this.#every(profile.stallEveryMs, () => {
      this.#stall();
    });
    this.#every(profile.pauseEveryMs, () => {
      this.#anyLive()?.pause(this.#random.between(...profile.pauseMs));
    });
    cluster.run(profile.runMs);
    this.#over = true;
  }

  /**
   * Ends all faults and demands progress: a leader, a new decision, all members equal, no change
   * half done, every request answered, and then no further election.
   */
  recover(withinMs: number): void {
    const { cluster } = this;
    this.#calm();
    const until = cluster.schedule.now + withinMs;
    const left = (): number => Math.max(until - cluster.schedule.now, 0);
    cluster.elect(left());
    this.#decideOne(left);
    cluster.until(() => cluster.converged, 'all members equal after all faults', left());
    cluster.until(
      () => cluster.requests.waiting().length === 0,
      `all requests answered: ${cluster.requests.waiting().slice(0, 5).join(', ')}`,
      left(),
    );
    const epoch = cluster.leader?.engine.status.epoch;
    cluster.run(3000);
    must(
      cluster.leader?.engine.status.epoch === epoch && cluster.converged,
      () => `a healthy group changes its leader; ${cluster.describe()}`,
    );
  }

  #calm(): void {
    const { cluster } = this;
    const { conditions } = cluster;
    Object.assign(conditions, calm());
    cluster.heal();
    for (const node of cluster.nodes) {
      node.disk.stall(false);
      node.resume();
      node.start();
    }
  }

  /** Proposes, as a client does who asks again after a moment, until it is decided. */
  #decideOne(left: () => number): void {
    const { cluster } = this;
    const ask = (): number => cluster.leader?.propose([new Uint8Array(8)]) ?? 0;
    let ticket = ask();
    for (;;) {
      const asked = cluster.schedule.now;
      // Accepted by a leader that was deposed, it may just never be heard of again.
      const late = (): boolean => cluster.schedule.now > asked + patienceMs;
      cluster.until(() => late() || this.#fate(ticket) !== 'open', 'an answer', 2 * patienceMs);
      if (this.#fate(ticket) === 'decided') return;
      must(left() > 0, () => `nothing is decided after all faults; ${cluster.describe()}`);
      cluster.run(20);
      ticket = ask();
    }
  }

  #fate(ticket: number): 'open' | 'decided' | 'lost' {
    const { requests, recorder } = this.cluster;
    if (requests.placeOf(ticket) !== undefined) return 'decided';
    const ending = requests.ending(ticket);
    if (ending === undefined) return this.cluster.leader === undefined ? 'lost' : 'open';
    if (ending.type !== 'accepted') return 'lost';
    return recorder.decided(ending.index) === undefined ? 'open' : 'lost';
  }

  /** Runs `run` again and again, at random intervals, until the rage is over. */
  #every(meanMs: number, run: () => void): void {
    if (!Number.isFinite(meanMs)) return;
    const ms = -Math.log(1 - this.#random.next()) * meanMs;
    this.cluster.schedule.after(ms, () => {
      if (this.#over) return;
      run();
      this.#every(meanMs, run);
    });
  }

  #anyLive(): SimNode<Message> | undefined {
    const { live } = this.cluster;
    return live.length === 0 ? undefined : this.#random.pick(live);
  }

  /** Mostly somebody who thinks it leads; there may be several, and sometimes it is anybody. */
  #target(): SimNode<Message> | undefined {
    const leaders = this.cluster.live.filter((node) => node.leads);
    if (leaders.length > 0 && this.#random.chance(0.9)) return this.#random.pick(leaders);
    return this.#anyLive();
  }

  #propose(): void {
    const { burst, payloadBytes } = this.#profile;
    const target = this.#target();
    const count = this.#random.chance(0.1) ? burst : 1;
    for (let nth = 0; nth < count; nth++) {
      target?.propose([new Uint8Array(this.#random.below(payloadBytes + 1))]);
    }
  }

  #read(): void {
    const lease = this.#profile.leaseReads && this.#random.chance(0.5);
    this.#target()?.read(lease ? 'lease' : 'linearizable');
  }

  #transfer(): void {
    const to = this.#random.chance(0.5) ? this.#random.pick(this.cluster.nodes).id : undefined;
    this.#target()?.transfer(to);
  }

  #reconfigure(): void {
    const target = this.#target();
    if (target === undefined) return;
    const steps = this.#random.pick([1, 1, 1, 2, 3]);
    const change: MembershipChange = Array.from({ length: steps }, () => this.#memberChange());
    target.reconfigure(change);
  }

  #memberChange(): MemberChange {
    const { id } = this.#random.pick(this.cluster.nodes);
    switch (this.#random.below(5)) {
      case 0:
        return { type: 'add-learner', member: { id } };
      case 1:
        return { type: 'remove', id };
      case 2:
        return {
          type: 'move',
          member: { id, address: `there-${String(this.#random.below(9))}:1` },
        };
      default:
        return { type: 'add-voter', member: { id } };
    }
  }

  #crash(): void {
    const { cluster } = this;
    const { downMs, outages } = this.#profile;
    const count = outages && this.#random.chance(0.3) ? cluster.nodes.length : 1;
    for (let nth = 0; nth < count; nth++) {
      const node = this.#anyLive();
      if (node === undefined) return;
      node.crash();
      cluster.schedule.after(this.#random.between(...downMs), () => {
        node.start();
      });
    }
  }

  #cut(): void {
    const { cluster } = this;
    const { network, nodes } = cluster;
    const links: [NodeId, NodeId][] = [];
    if (this.#random.chance(0.4)) {
      // One way only: it hears and is not heard, or the other way round.
      const from = this.#random.pick(nodes).id;
      const inwards = this.#random.chance(0.5);
      for (const { id } of nodes) {
        if (id === from || this.#random.chance(0.3)) continue;
        links.push(inwards ? [id, from] : [from, id]);
      }
    } else {
      const side = new Set(nodes.filter(() => this.#random.chance(0.5)).map((node) => node.id));
      for (const one of nodes) {
        for (const other of nodes) {
          if (side.has(one.id) !== side.has(other.id)) links.push([one.id, other.id]);
        }
      }
    }
    for (const [from, to] of links) network.cut(from, to);
    cluster.schedule.after(this.#random.between(...this.#profile.cutMs), () => {
      for (const [from, to] of links) network.mend(from, to);
    });
  }

  #stall(): void {
    const disk = this.#random.pick(this.cluster.nodes).disk;
    disk.stall(true);
    this.cluster.schedule.after(this.#random.between(...this.#profile.stallMs), () => {
      disk.stall(false);
    });
  }
}
