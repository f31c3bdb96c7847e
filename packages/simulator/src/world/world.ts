/**
 * A whole cluster in one thread on virtual time: nodes, network, clients, and what goes wrong, all out of
 * one plan. The same plan gives the same run, to the last byte.
 */
import {
  isMember,
  type Membership,
  membershipOf,
  type NodeId,
  type Random,
  seededRandom,
} from '@quorate/core';
import { type Observer, Recorder, Violation, type WatchedGroup } from '@quorate/core/checks';
import type { History } from '@quorate/linearizability';
import { checkBounds } from '../checks/bounds.ts';
import { Coverage } from '../checks/coverage.ts';
import { Sessions } from '../checks/sessions.ts';
import { States } from '../checks/states.ts';
import type { ClientCounts } from '../clients/client.ts';
import type { Entrance } from '../clients/entrance.ts';
import { Population } from '../clients/population.ts';
import type { RemoteClient } from '../clients/remote.ts';
import { strike } from '../faults/strike.ts';
import { calmNetwork } from '../network/conditions.ts';
import { Streams } from '../network/links.ts';
import { Network, type NetworkCounts } from '../network/network.ts';
import { SimulatedNode } from '../nodes/node.ts';
import { type DrawnAlgorithm, nodeNames, type WorldParts } from '../options.ts';
import type { Plan } from '../plan.ts';
import { Clock } from './clock.ts';
import { Journal, type Tracer } from './journal.ts';
import { Schedule } from './schedule.ts';
import type { AnyNode, Stage } from './stage.ts';
import { Survivors } from './survivors.ts';

/** What became of a run. */
export interface Run {
  readonly plan: Plan;
  /** The first broken rule; `undefined`: none. */
  readonly violation: string | undefined;
  /** Equal for two runs of one plan. */
  readonly digest: string;
  readonly virtualMs: number;
  readonly events: number;
  readonly network: Readonly<NetworkCounts>;
  readonly operations: Readonly<ClientCounts>;
  /** Of one turn of a node's driver each. */
  readonly turns: number;
  /** How often each kind of fault struck. */
  readonly faults: ReadonlyMap<string, number>;
  /** How often each rare path was reached. */
  readonly coverage: ReadonlyMap<string, number>;
  /** Virtual ms from the end of faults until everything worked again. */
  readonly recoveredAfterMs: number;
  /** What clients saw. */
  readonly history: History<unknown, unknown>;
}

/** Largest command that workloads make, with room. */
const maxCommandBytes = 64 * 1024;
/** As in transports. */
const maxFrameBytes = 8 * 2 ** 20;
/** Bounds of memory are looked at every so many turns, and whenever much comes at once. */
const turnsPerBoundCheck = 200;
/** A node whose process ended by itself is started again after a while, ms. */
const restartMs = [200, 1500] as const;

/** A world. */
export class World implements WatchedGroup<unknown>, Stage {
  readonly schedule: Schedule = new Schedule();
  readonly nodes: readonly AnyNode[];
  readonly network: Network;
  readonly streams: Streams;
  readonly journal: Journal;
  readonly recorder: Recorder<unknown>;
  readonly bootstrap: Membership;
  readonly #plan: Plan;
  readonly #random: Random;
  readonly #population: Population;
  readonly #survivors: Survivors;
  readonly #undo = new Set<() => void>();
  readonly #known = new Map<NodeId, Membership>();
  #violation: string | undefined;
  #healing = false;
  #turns = 0;

  constructor(
    plan: Plan,
    drawn: DrawnAlgorithm,
    { storage, workload }: Omit<WorldParts<unknown, unknown, unknown, unknown>, 'algorithm'>,
    tracer: Tracer | undefined,
  ) {
    this.#plan = plan;
    this.#random = seededRandom(plan.seed);
    this.journal = new Journal(this.schedule, tracer, (id) =>
      this.nodes.find((node) => node.id === id),
    );
    this.network = new Network(this.schedule, this.#random.below(2 ** 30), plan.network);
    this.streams = new Streams(this);
    const founders = nodeNames.slice(0, plan.voters).map((id) => ({ id }));
    this.bootstrap = membershipOf(founders);
    const { algorithm, rules, maxTailBytes = Number.POSITIVE_INFINITY } = drawn;
    const { sessions: sessionPlan } = plan.clients;
    const sessions = new Sessions({
      headerBytes: algorithm.headerBytes,
      journal: this.journal,
      window: sessionPlan.window,
    });
    this.recorder = new Recorder<unknown>({
      headerBytes: algorithm.headerBytes,
      rules,
      nodes: () => this.nodes,
      maxTailBytes,
      maxDurableTailBytes: drawn.maxDurableTailBytes ?? maxTailBytes,
      bootstrap: this.bootstrap,
      onDecided: (index, record) => {
        sessions.decided(index, record);
      },
    });
    const observers: Observer<unknown>[] = [
      this.recorder,
      ...(drawn.checks?.(this) ?? []),
      new Coverage(this.journal),
      {
        took: (node) => {
          this.#turns += 1;
          if (this.#turns % turnsPerBoundCheck === 0) this.#checkBounds();
          const { membership } = node.engine.status;
          if (membership !== this.#known.get(node.id)) this.#membershipKnown(node.id, membership);
        },
      },
    ];
    const states = new States();
    const world = {
      algorithm,
      workload,
      observers,
      makeStorage: storage,
      schedule: this.schedule,
      network: this.network,
      journal: this.journal,
      states,
      sessions,
      streams: this.streams,
      serving: sessionPlan.share === 0 ? undefined : { keepAliveMs: sessionPlan.keepAliveMs },
      limits: {
        ...plan.limits,
        maxCommandBytes,
        executeTimeoutMs: plan.clients.timeoutMs,
        queryTimeoutMs: plan.clients.timeoutMs,
      },
      diskLatencyMs: plan.diskLatencyMs,
      turnMs: plan.turnMs,
      maxFrameBytes,
      guard: (act: () => void) => {
        this.#guard(act);
      },
      violated: (rule: string) => {
        this.violated(rule);
      },
      ended: (node: AnyNode) => {
        this.startAfter(this.#random.between(...restartMs), node);
      },
    };
    const names = nodeNames.slice(0, plan.voters + plan.spares);
    this.nodes = names.map((id) => {
      const clocks = this.#random.fork();
      const rate = 1 + clocks.next() * plan.clockDrift;
      const skew = Math.floor(clocks.between(-plan.clockSkewMs, plan.clockSkewMs));
      const clock = new Clock(rate, Math.floor(clocks.between(0, 100_000)), skew);
      return new SimulatedNode(id, this.#random.below(2 ** 30), clock, founders, world);
    });
    this.#survivors = new Survivors(this, this.#random.fork(), plan.quorumOnly);
    this.#population = new Population({
      schedule: this.schedule,
      journal: this.journal,
      workload,
      plan: plan.clients,
      states,
      streams: this.streams,
      random: this.#random.fork(),
      remoteRandom: seededRandom(plan.seed + 2 ** 46),
      endpoints: names,
      candidates: () => this.#candidates(),
      violated: (rule) => {
        this.violated(rule);
      },
    });
  }

  get remotes(): readonly RemoteClient[] {
    return this.#population.remotes;
  }

  get live(): readonly AnyNode[] {
    return this.nodes.filter((node) => node.up);
  }

  get healing(): boolean {
    return this.#healing;
  }

  membership(): Membership {
    return this.recorder.membershipAt(this.recorder.commitIndex);
  }

  memberships(): readonly Membership[] {
    const decided = this.membership();
    return this.nodes.flatMap((node) => {
      const known = this.#known.get(node.id);
      // Who is out of the group may believe what it likes.
      return known === undefined || !isMember(decided, node.id) ? [] : [known];
    });
  }

  undoAfter(ms: number, undo: () => void): void {
    const once = (): void => {
      if (this.#undo.delete(once)) undo();
    };
    this.#undo.add(once);
    this.schedule.after(ms, undefined, once);
  }

  startAfter(ms: number, node: AnyNode): void {
    this.schedule.after(ms, undefined, () => {
      if (!this.healing || this.#survivors.has(node)) node.start();
    });
  }

  burst(operations: number, entrance: Entrance | undefined): void {
    if (entrance !== undefined) this.#population.burst(operations, entrance);
    this.#checkBounds();
  }

  violated(rule: string): void {
    this.#violation ??= rule;
  }

  /** Runs all of it. */
  async run(): Promise<Run> {
    const { runMs } = this.#plan;
    for (const node of this.nodes) node.start();
    this.#population.begin();
    for (const fault of this.#plan.faults) {
      if (fault.at >= runMs) continue;
      this.schedule.at(fault.at, undefined, () => {
        if (!this.healing) strike(this, fault);
      });
    }
    await this.#advance(runMs, () => false);
    if (this.#violation === undefined) await this.#recover();
    const history = this.#population.judge();
    for (const node of this.nodes) node.crash({ type: 'kill' });
    for (const remote of this.remotes) remote.kill();
    return {
      plan: this.#plan,
      violation: this.#violation,
      digest: this.journal.digest.value,
      virtualMs: this.schedule.now,
      events: this.schedule.events,
      network: this.network.counts,
      operations: this.#population.counts,
      turns: this.#turns,
      faults: this.journal.faults,
      coverage: this.journal.coverage,
      recoveredAfterMs: Math.max(0, this.schedule.now - runMs),
      history,
    };
  }

  /**
   * Nothing fails any more, a quorum runs, and the rest may stay dead: every operation must be answered
   * again, and all that run must come to the same state.
   */
  async #recover(): Promise<void> {
    const { recoveryMs } = this.#plan;
    this.#heal();
    if (!this.#survivors.choose()) {
      this.#beyondRepair();
      return;
    }
    for (const node of this.nodes) {
      if (this.#survivors.has(node)) node.start();
      else node.crash({ type: 'kill' });
    }
    this.#population.beginProving();
    await this.#advance(this.schedule.now + recoveryMs, () => this.#isRecovered());
    if (this.#violation !== undefined || this.#isRecovered()) return;
    if (this.#survivors.areEnough) {
      this.violated(`liveness: after ${String(recoveryMs)} ms without faults ${this.#symptoms()}`);
    } else {
      this.#beyondRepair();
    }
  }

  /** A change that was under way made voters of nodes that rot: nobody could do anything about it. */
  #beyondRepair(): void {
    this.journal.reached('group beyond repair');
  }

  /** Ends every fault. */
  #heal(): void {
    this.#healing = true;
    this.journal.add(undefined, 'faults end', undefined);
    for (const undo of [...this.#undo]) undo();
    this.network.conditions = calmNetwork;
    // What is armed and has not happened does not happen any more.
    for (const node of this.nodes) node.device.heal();
  }

  #isRecovered(): boolean {
    if (!this.#population.isContent) return false;
    const { members } = this.#survivors;
    const { commitIndex } = this.recorder;
    return (
      members.length > 0 &&
      members.every(({ replica }) => replica?.status.appliedIndex === commitIndex)
    );
  }

  #symptoms(): string {
    const states = this.nodes.map((node) => {
      if (!node.up) {
        return `${node.id} ${node.broken ? 'refused' : node.alive ? 'starting' : 'down'}`;
      }
      const { role, epoch, commitIndex, lastIndex } = node.engine.status;
      const applied = node.replica?.status.appliedIndex ?? 0;
      return `${node.id} ${role} ${String(epoch)} ${String(applied)}/${String(commitIndex)}/${String(lastIndex)}`;
    });
    return (
      `${String(this.#population.waiting)} clients wait for answers, ` +
      `of ${String(this.recorder.commitIndex)} decided: ` +
      [...states, ...this.remotes.map((remote) => remote.describe())].join(', ')
    );
  }

  /** Nodes that clients may ask. */
  #candidates(): readonly AnyNode[] {
    if (this.healing) return this.#survivors.members;
    return this.nodes.filter((node) => node.replica !== undefined);
  }

  #membershipKnown(node: NodeId, membership: Membership): void {
    this.#known.set(node, membership);
    if (!this.healing) return;
    for (const each of this.#survivors.extend()) each.start();
  }

  #checkBounds(): void {
    const { maxPendingBytes } = this.#plan.limits;
    this.#guard(() => {
      for (const node of this.nodes) checkBounds(node, { maxPendingBytes, maxCommandBytes });
    });
  }

  #guard(act: () => void): void {
    if (this.#violation !== undefined) return;
    try {
      act();
    } catch (error) {
      this.violated(
        error instanceof Violation ? error.message : `a check failed: ${stackOf(error)}`,
      );
    }
  }

  #advance(until: number, done: () => boolean): Promise<void> {
    return this.schedule.run(until, () => {
      for (const node of this.nodes) {
        if (node.endIfPowerless()) this.startAfter(this.#random.between(...restartMs), node);
      }
      return this.#violation !== undefined || done();
    });
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
