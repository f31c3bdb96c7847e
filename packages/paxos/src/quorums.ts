/**
 * Which acceptors are enough for phase 1, and which for phase 2.
 *
 * Every phase-1 quorum must have an acceptor in common with every phase-2 quorum; two quorums of the
 * same phase need not meet (Howard, Malkhi and Spiegelman, "Flexible Paxos", 2016). So phase 2, which
 * every command pays, may be made cheaper at the expense of phase 1, which an election pays.
 */
import { InvalidArgumentError, majorityOf, type NodeId } from '@quorate/core';

/** A way to form quorums, equal on all nodes of a group. Both tests must be monotone: more is never less. */
export interface QuorumSystem {
  /** Names the system with its parameters: nodes of one group compare it. */
  readonly name: string;
  /** Whether those who agree may promise for the group, and whether a quorum read may rest on them. */
  phase1(voters: readonly NodeId[], agrees: (voter: NodeId) => boolean): boolean;
  /** Whether those who agree decide, and whether a leader that they follow is one. */
  phase2(voters: readonly NodeId[], agrees: (voter: NodeId) => boolean): boolean;
  /** Why these voters cannot form such quorums; `undefined` where they can, and all quorums meet. */
  refusal(voters: readonly NodeId[]): string | undefined;
}

/** More than half of the voters, in both phases. The default. */
export function majority(): QuorumSystem {
  const enough: QuorumSystem['phase1'] = (voters, agrees) =>
    voters.length > 0 && count(voters, agrees) >= majorityOf(voters.length);
  return { name: 'majority', phase1: enough, phase2: enough, refusal: () => undefined };
}

/** Sizes of {@link flexible} quorums. */
export interface FlexibleSizes {
  /** Acceptors that decide a command. */
  readonly phase2: number;
  /**
   * Acceptors that elect a leader.
   *
   * @default number of voters − phase2 + 1, the least that meets every phase-2 quorum
   */
  readonly phase1?: number;
}

/**
 * Quorums of fixed sizes, for instance 4 of 5 to elect and 2 of 5 to decide.
 *
 * @throws InvalidArgumentError if a size is not a whole number above 0.
 */
export function flexible(sizes: FlexibleSizes): QuorumSystem {
  for (const size of [sizes.phase2, sizes.phase1 ?? 1]) {
    if (!Number.isInteger(size) || size < 1) {
      throw new InvalidArgumentError(`a quorum has at least one voter, got ${String(size)}`);
    }
  }
  const { phase2 } = sizes;
  const phase1Of = (voters: number): number => sizes.phase1 ?? voters - phase2 + 1;
  return {
    name: `flexible ${sizes.phase1 === undefined ? 'rest' : String(sizes.phase1)}/${String(phase2)}`,
    phase1: (voters, agrees) =>
      voters.length >= phase2 && count(voters, agrees) >= phase1Of(voters.length),
    phase2: (voters, agrees) => count(voters, agrees) >= phase2,
    refusal: ({ length }) => {
      const phase1 = phase1Of(length);
      if (phase1 > length || phase2 > length) {
        return `quorums of ${String(phase1)} and ${String(phase2)} cannot be formed of ${String(length)} voters`;
      }
      return phase1 + phase2 > length
        ? undefined
        : `quorums of ${String(phase1)} and ${String(phase2)} of ${String(length)} voters need not meet; their sum must be above ${String(length)}`;
    },
  };
}

/**
 * Voters in a grid, in the order of their ids: any whole column elects, any whole row decides. Every
 * row meets every column in one voter.
 *
 * @throws InvalidArgumentError if a side is not a whole number above 0.
 */
export function grid(rows: number, columns: number): QuorumSystem {
  for (const side of [rows, columns]) {
    if (!Number.isInteger(side) || side < 1) {
      throw new InvalidArgumentError(`a grid has whole sides above 0, got ${String(side)}`);
    }
  }
  const fits = (voters: readonly NodeId[]): boolean => voters.length === rows * columns;
  const whole = (length: number, agrees: (at: number) => boolean): boolean => {
    for (let at = 0; at < length; at++) if (!agrees(at)) return false;
    return true;
  };
  const some = (length: number, holds: (at: number) => boolean): boolean => {
    for (let at = 0; at < length; at++) if (holds(at)) return true;
    return false;
  };
  const cell = (
    voters: readonly NodeId[],
    row: number,
    column: number,
    agrees: (voter: NodeId) => boolean,
  ): boolean => {
    const voter = voters[row * columns + column];
    return voter !== undefined && agrees(voter);
  };
  return {
    name: `grid ${String(rows)}x${String(columns)}`,
    phase1: (voters, agrees) =>
      fits(voters) &&
      some(columns, (column) => whole(rows, (row) => cell(voters, row, column, agrees))),
    phase2: (voters, agrees) =>
      fits(voters) &&
      some(rows, (row) => whole(columns, (column) => cell(voters, row, column, agrees))),
    refusal: (voters) =>
      fits(voters)
        ? undefined
        : `a grid of ${String(rows)} by ${String(columns)} needs ${String(rows * columns)} voters, not ${String(voters.length)}`,
  };
}

/** Up to so many voters a system is proven by trying: that is a matter of a millisecond. */
const maxVotersToTry = 10;

/**
 * Why a quorum system is not safe, or not usable, for these voters; `undefined` where it is.
 *
 * Whatever a system says of itself, all subsets are tried while they are few: two quorums miss each
 * other exactly where one is contained in what the other leaves out. That holds as long as more voters
 * are never less, so this is tried, too.
 */
export function quorumRefusal(system: QuorumSystem, voters: readonly NodeId[]): string | undefined {
  const refusal = system.refusal(voters);
  if (refusal !== undefined) return refusal;
  const { length } = voters;
  if (length > maxVotersToTry) return undefined;
  const ordinals = new Map(voters.map((voter, at) => [voter, at]));
  const has = (subset: number, voter: NodeId): boolean =>
    (subset & (1 << (ordinals.get(voter) ?? 31))) !== 0;
  const all = 2 ** length - 1;
  const elects = new Uint8Array(all + 1);
  const decides = new Uint8Array(all + 1);
  for (let subset = 0; subset <= all; subset++) {
    const agrees = (voter: NodeId): boolean => has(subset, voter);
    elects[subset] = Number(system.phase1(voters, agrees));
    decides[subset] = Number(system.phase2(voters, agrees));
  }
  const falls = (quorums: Uint8Array, from: number, to: number): boolean =>
    (quorums[from] ?? 0) > (quorums[to] ?? 0);
  for (let subset = 0; subset <= all; subset++) {
    for (let bit = 1; bit <= all; bit *= 2) {
      const more = subset | bit;
      if (falls(elects, subset, more) || falls(decides, subset, more)) {
        return `${system.name}: a quorum with one more voter is none`;
      }
    }
    if (elects[subset] === 1 && decides[all - subset] === 1) {
      return `${system.name}: a phase-1 quorum misses a phase-2 quorum`;
    }
  }
  const everybody = (): boolean => true;
  if (!system.phase1(voters, everybody) || !system.phase2(voters, everybody)) {
    return `${system.name}: all ${String(length)} voters together are no quorum`;
  }
  return undefined;
}

/**
 * The largest value that a phase-2 quorum has reached: an index that is on its disks, the time of a
 * message that it has answered.
 */
export function phase2Value(
  system: QuorumSystem,
  voters: readonly NodeId[],
  reached: (voter: NodeId) => number | undefined,
): number {
  let best = Number.NEGATIVE_INFINITY;
  for (const candidate of voters) {
    const value = reached(candidate) ?? Number.NEGATIVE_INFINITY;
    // Few voters, and every turn: trying each value costs less than sorting them.
    if (value <= best) continue;
    const agrees = (voter: NodeId): boolean => (reached(voter) ?? best) >= value;
    if (system.phase2(voters, agrees)) best = value;
  }
  return best;
}

function count(voters: readonly NodeId[], agrees: (voter: NodeId) => boolean): number {
  let number = 0;
  for (const voter of voters) if (agrees(voter)) number += 1;
  return number;
}
