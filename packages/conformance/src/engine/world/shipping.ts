/**
 * Brings snapshots from node to node: each as one delivery that takes its time and can fail, since
 * how it is cut into chunks is the business of the layer above an engine.
 */
import type { NodeId, Random } from '@quorate/core';
import type { Conditions } from './conditions.ts';
import type { SimNode } from './node.ts';
import type { Schedule } from './schedule.ts';

/** What shipping needs from its cluster. */
export interface Roads<Message> {
  readonly schedule: Schedule;
  readonly random: Random;
  readonly conditions: Conditions;
  find(id: NodeId): SimNode<Message> | undefined;
  isCut(from: NodeId, to: NodeId): boolean;
}

/** Shipments of one cluster. */
export class Shipping<Message> {
  readonly #roads: Roads<Message>;
  /** Attempts that were begun, and those that ended with the snapshot in place. */
  begun = 0;
  arrived = 0;
  /** Snapshots of an earlier group do not arrive. */
  #group = 0;

  constructor(roads: Roads<Message>) {
    this.#roads = roads;
  }

  /** Another group, which has its own snapshots: nothing that is under way arrives any more. */
  regroup(): void {
    this.#group += 1;
  }

  /**
   * A shipment that nobody asked for any more: one of long ago, or of a leader that was deposed. Its
   * sender has forgotten it.
   */
  stray(from: SimNode<Message>, to: SimNode<Message>): void {
    const { schedule, random, conditions } = this.#roads;
    const snapshot = from.disk.snapshot;
    if (snapshot === undefined || from === to) return;
    const group = this.#group;
    schedule.after(random.between(...conditions.shipMs), () => {
      if (group === this.#group && to.up && !this.#roads.isCut(from.id, to.id))
        to.install(snapshot, () => undefined);
    });
  }

  /** Ships the current snapshot of `from`, and reports to it what became of that. */
  ship(from: SimNode<Message>, to: NodeId): void {
    const { schedule, random, conditions } = this.#roads;
    const life = from.life;
    this.begun += 1;
    let reported = false;
    const report = (index: number | undefined): void => {
      if (reported || life !== from.life) return;
      reported = true;
      from.shipped(to, index);
    };
    schedule.after(conditions.shipGiveUpMs, () => {
      report(undefined);
    });
    const snapshot = from.disk.snapshot;
    const [soonest, latest] = conditions.shipMs;
    const ms = random.between(soonest, latest);
    schedule.after(ms, () => {
      const target = this.#roads.find(to);
      const fails =
        snapshot === undefined ||
        life !== from.life ||
        target?.up !== true ||
        this.#roads.isCut(from.id, to) ||
        random.chance(conditions.shipFailureRate);
      if (fails) {
        report(undefined);
        return;
      }
      target.install(snapshot, (outcome) => {
        // A peer that has more already has this, too.
        const has =
          outcome.type === 'done' || (outcome.type === 'rejected' && outcome.reason === 'stale');
        if (has) this.arrived += 1;
        schedule.after(random.between(conditions.delayMs[0], conditions.delayMs[1]), () => {
          if (!this.#roads.isCut(to, from.id)) report(has ? snapshot.index : undefined);
        });
      });
    });
  }
}
