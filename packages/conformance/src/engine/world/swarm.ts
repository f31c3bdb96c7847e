/**
 * Swarm testing: each seed draws a profile of faults and load of its own. A test in which everything goes wrong all the time never gets far; many in
 * which a few things go wrong reach deep (Groce et al. 2012, "Swarm testing").
 */
import { seededRandom } from '@quorate/core';
import type { MemberChange, MembershipChange, NodeId, Random } from '@quorate/core';
import { must } from '@quorate/core/checks';
import { Cluster, type ClusterOptions } from './cluster.ts';
import { calm } from './conditions.ts';
import type { SimNode } from './node.ts';
import { type Profile, usualElectionTimeoutMs } from './profile.ts';

/** For so many election time-outs after everything is well, nobody else is elected. */
const calmness = 6;

/** What a swarm is made of; the rest is in its profile. */
export type SwarmOptions<Message> = Omit<
  ClusterOptions<Message>,
  'voters' | 'joiners' | 'conditions' | 'clockDrift'
> & {
  /** The election time-out of the algorithm. @default 500 */
  readonly electionTimeoutMs?: number;
};

/** A cluster under one profile. */
export class Swarm<Message> {
  readonly cluster: Cluster<Message>;
  readonly #profile: Profile;
  readonly #random: Random;
  readonly #electionTimeoutMs: number;
  #over = false;

  constructor(profile: Profile, options: SwarmOptions<Message>) {
    this.#profile = profile;
    this.cluster = new Cluster({ ...options, ...profile });
    this.#random = seededRandom((options.seed ?? 1) + 0x5eed);
    this.#electionTimeoutMs = options.electionTimeoutMs ?? usualElectionTimeoutMs;
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
    cluster.decide(new Uint8Array(8), left());
    cluster.until(() => cluster.converged, 'all members equal after all faults', left());
    cluster.until(
      () => cluster.requests.waiting().length === 0,
      `all requests answered: ${cluster.requests.waiting().slice(0, 5).join(', ')}`,
      left(),
    );
    const epoch = cluster.leader?.engine.status.epoch;
    cluster.run(calmness * this.#electionTimeoutMs);
    must(
      cluster.leader?.engine.status.epoch === epoch && cluster.converged,
      () => `a healthy group changes its leader; ${cluster.describe()}`,
    );
  }

  #calm(): void {
    const { cluster } = this;
    const { conditions } = cluster;
    const { shipGiveUpMs } = conditions;
    Object.assign(conditions, calm(), { shipGiveUpMs });
    cluster.heal();
    for (const node of cluster.nodes) {
      node.disk.stall(false);
      node.resume();
      node.start();
    }
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
    const target = this.#profile.readAnywhere ? this.#anyLive() : this.#target();
    target?.read(lease ? 'lease' : 'linearizable');
  }

  #transfer(): void {
    const to = this.#random.chance(0.5) ? this.#random.pick(this.cluster.nodes).id : undefined;
    this.#target()?.transfer(to);
  }

  #reconfigure(): void {
    const target = this.#target();
    if (target === undefined) return;
    const { divides } = this.#profile;
    if (divides && this.#random.chance(0.5)) {
      target.reconfigure(this.#swap(target));
      this.#divideSoon(target, this.cluster.schedule.now + this.#electionTimeoutMs / 2);
      return;
    }
    const steps = this.#random.pick([1, 1, 1, 2, 3]);
    target.reconfigure(Array.from({ length: steps }, () => this.#memberChange()));
  }

  /** As many new voters as there are learners for it, in the place of others. */
  #swap(target: SimNode<Message>): MembershipChange {
    const { voters, learners } = target.engine.status.membership;
    const known = new Set([...voters, ...learners].map(({ id }) => id));
    const strangers = this.cluster.nodes.filter(({ id }) => !known.has(id));
    const joining = strangers.map(({ id }) => ({ type: 'add-learner', member: { id } }) as const);
    if (learners.length === 0 && joining.length > 0) return joining;
    const coming = learners.map(({ id }) => ({ type: 'add-voter', member: { id } }) as const);
    const leaving = voters
      .filter(({ id }) => id !== target.id)
      .slice(0, Math.max(learners.length, 1))
      .map(({ id }) => ({ type: 'remove', id }) as const);
    return [...coming, ...leaving];
  }

  /** Divides the group at the moment when a leader knows that a change has begun, and others do not yet. */
  #divideSoon(leader: SimNode<Message>, untilMs: number): void {
    const { schedule } = this.cluster;
    schedule.after(this.#random.between(0, this.#electionTimeoutMs / 200), () => {
      if (this.#over || !leader.up || schedule.now > untilMs) return;
      if (leader.engine.status.membership.outgoing.length > 0) this.#divide(leader);
      else this.#divideSoon(leader, untilMs);
    });
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
    const { nodes } = this.cluster;
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
    this.#cutLinks(links);
  }

  /**
   * Cuts where a membership divides the group: cuts at random hardly ever separate just those whom a change
   * of voters separates, and let all others talk to both.
   */
  #divide(leader: SimNode<Message>): void {
    const { voters, outgoing, learners } = leader.engine.status.membership;
    const ids = (members: readonly { readonly id: NodeId }[]): readonly NodeId[] =>
      members.map(({ id }) => id);
    const after = ids(voters);
    const before = ids(outgoing);
    const leaving = before.filter((id) => !after.includes(id));
    const coming = after.filter((id) => !before.includes(id));
    const others = before.filter((id) => id !== leader.id);
    const [side, otherSide] = this.#random.pick<readonly (readonly NodeId[])[]>([
      [leaving, coming],
      [[leader.id], leaving],
      [[leader.id], coming],
      [[leader.id], others],
      [[leader.id], others],
      [ids(learners), before],
    ]);
    const bothWays = this.#random.chance(0.7);
    const links: [NodeId, NodeId][] = [];
    for (const one of side ?? []) {
      for (const other of otherSide ?? []) {
        if (one === other) continue;
        links.push([one, other]);
        if (bothWays) links.push([other, one]);
      }
    }
    this.#cutLinks(links);
  }

  #cutLinks(links: readonly (readonly [NodeId, NodeId])[]): void {
    const { network, schedule } = this.cluster;
    for (const [from, to] of links) network.cut(from, to);
    schedule.after(this.#random.between(...this.#profile.cutMs), () => {
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
