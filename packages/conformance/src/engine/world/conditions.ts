/**
 * How well the world behaves: everything that a fault can bend, in one mutable record.
 *
 * {@link calm} is a healthy data centre; the swarm draws worse ones.
 */

/** From the first to the second, in ms. */
export type Range = readonly [number, number];

/** What the simulated world does to the nodes at the moment. */
export interface Conditions {
  /** One-way delay of a message. */
  delayMs: Range;
  /** Whether messages of one link may overtake each other. */
  reorder: boolean;
  dropRate: number;
  duplicateRate: number;
  /** Chance, with each message sent, that some message of long ago arrives once more. */
  replayRate: number;
  /** Time from handing over a group of writes to their being durable. */
  syncMs: Range;
  /** How much later than that the engine hears of it. */
  completionMs: Range;
  /** Whether every write of a group is reported, in any order, or only the last one. */
  completions: 'last' | 'each' | 'shuffled';
  duplicateCompletionRate: number;
  loadMs: Range;
  /** Time between an input and the turn that takes it: inputs meanwhile share that turn. */
  turnMs: Range;
  /** How late a timer fires. */
  lateTickMs: Range;
  applyMs: Range;
  /** Time to bring a snapshot to a peer. */
  shipMs: Range;
  shipFailureRate: number;
  /** After so long without news, a sender gives a shipment up. */
  shipGiveUpMs: number;
}

/** A healthy world. */
export function calm(): Conditions {
  return {
    delayMs: [0.5, 2],
    reorder: false,
    dropRate: 0,
    duplicateRate: 0,
    replayRate: 0,
    syncMs: [0.5, 2],
    completionMs: [0, 0],
    completions: 'last',
    duplicateCompletionRate: 0,
    loadMs: [0.2, 1],
    turnMs: [0, 0],
    lateTickMs: [0, 1],
    applyMs: [0, 1],
    shipMs: [5, 20],
    shipFailureRate: 0,
    shipGiveUpMs: 10_000,
  };
}
