/** What the network does to frames, as long as nothing else is asked of it. */

/** From and to, in ms. */
export type Range = readonly [from: number, to: number];

/** What happens to the frames of every link. Rates are probabilities from 0 to 1. */
export interface NetworkConditions {
  readonly delayMs: Range;
  /** Whether a frame may overtake those before it. */
  readonly reordering: boolean;
  readonly loss: number;
  readonly duplication: number;
  /** How often a frame of before is sent once more, long after. */
  readonly replay: number;
  /** How often bits of a frame change on the way. The receiver's checksum notices, and drops it. */
  readonly corruption: number;
}

/** A network on a good day. */
export const calmNetwork: NetworkConditions = {
  delayMs: [0.2, 2],
  reordering: false,
  loss: 0,
  duplication: 0,
  replay: 0,
  corruption: 0,
};
