import { InvalidArgumentError, type NodeId } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  flexible,
  grid,
  majority,
  phase2Value,
  quorumRefusal,
  type QuorumSystem,
} from '../src/quorums.ts';

function votersOf(number: number): readonly NodeId[] {
  return Array.from({ length: number }, (_, at) => `n${String(at).padStart(2, '0')}`);
}

function subsetsOf(voters: readonly NodeId[]): readonly ReadonlySet<NodeId>[] {
  return voters.reduce<ReadonlySet<NodeId>[]>(
    (found, voter) => [...found, ...found.map((subset) => new Set([...subset, voter]))],
    [new Set()],
  );
}

type Phase = 'phase1' | 'phase2';

function quorumsOf(
  system: QuorumSystem,
  phase: Phase,
  voters: readonly NodeId[],
): readonly ReadonlySet<NodeId>[] {
  return subsetsOf(voters).filter((some) => system[phase](voters, (voter) => some.has(voter)));
}

/** Straight from the definition: every pair of quorums is looked at. */
function allMeet(system: QuorumSystem, voters: readonly NodeId[]): boolean {
  const deciding = quorumsOf(system, 'phase2', voters);
  return quorumsOf(system, 'phase1', voters).every((electing) =>
    deciding.every((other) => [...electing].some((voter) => other.has(voter))),
  );
}

/** Whether there are quorums at all. */
function works(system: QuorumSystem, voters: readonly NodeId[]): boolean {
  return (
    quorumsOf(system, 'phase1', voters).length > 0 && quorumsOf(system, 'phase2', voters).length > 0
  );
}

/** A quorum is what contains one of these. It does not say what is wrong with it. */
function containing(
  phase1: readonly (readonly NodeId[])[],
  phase2: readonly (readonly NodeId[])[],
): QuorumSystem {
  const enough =
    (quorums: readonly (readonly NodeId[])[]): QuorumSystem[Phase] =>
    (_voters, agrees) =>
      quorums.some((quorum) => quorum.every(agrees));
  return {
    name: 'of somebody else',
    phase1: enough(phase1),
    phase2: enough(phase2),
    refusal: () => undefined,
  };
}

const anyOfOurs: fc.Arbitrary<readonly [QuorumSystem, readonly NodeId[]]> = fc.oneof(
  fc.integer({ min: 1, max: 6 }).map((voters) => [majority(), votersOf(voters)] as const),
  fc
    .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
    .filter(([voters, phase2]) => phase2 <= voters)
    .map(([voters, phase2]) => [flexible({ phase2 }), votersOf(voters)] as const),
  fc
    .tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
    .filter(([rows, columns]) => rows * columns <= 6)
    .map(([rows, columns]) => [grid(rows, columns), votersOf(rows * columns)] as const),
);

describe('a majority', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('of %i is more than half of them, in both phases', (number) => {
    const voters = votersOf(number);
    for (const some of subsetsOf(voters)) {
      const agrees = (voter: NodeId): boolean => some.has(voter);
      expect(majority().phase1(voters, agrees)).toBe(2 * some.size > number);
      expect(majority().phase2(voters, agrees)).toBe(2 * some.size > number);
    }
  });

  it('of nobody does not exist', () => {
    expect(majority().phase2([], () => true)).toBe(false);
    expect(quorumRefusal(majority(), [])).toContain('no quorum');
  });
});

describe('flexible quorums', () => {
  it.each([
    [5, 2, 4],
    [5, 1, 5],
    [5, 5, 1],
    [4, 2, 3],
    [1, 1, 1],
  ])('of %i voters, %i to decide: %i elect unless told otherwise', (number, phase2, phase1) => {
    const voters = votersOf(number);
    const system = flexible({ phase2 });
    for (const some of subsetsOf(voters)) {
      const agrees = (voter: NodeId): boolean => some.has(voter);
      expect(system.phase1(voters, agrees)).toBe(some.size >= phase1);
      expect(system.phase2(voters, agrees)).toBe(some.size >= phase2);
    }
  });

  it('are refused exactly where they can miss each other or cannot be formed', () => {
    for (let number = 1; number <= 5; number++) {
      const voters = votersOf(number);
      for (let phase1 = 1; phase1 <= 6; phase1++) {
        for (let phase2 = 1; phase2 <= 6; phase2++) {
          const system = flexible({ phase1, phase2 });
          const fine = allMeet(system, voters) && works(system, voters);
          expect([number, system.name, quorumRefusal(system, voters) === undefined]).toEqual([
            number,
            system.name,
            fine,
          ]);
        }
      }
    }
  });

  it('count voters, and no strangers', () => {
    const voters = votersOf(3);
    const heard = new Set(['n00', 'stranger', 'another']);
    expect(flexible({ phase2: 2 }).phase2(voters, (voter) => heard.has(voter))).toBe(false);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('have no size of %d', (size) => {
    expect(() => flexible({ phase2: size })).toThrow(InvalidArgumentError);
    expect(() => flexible({ phase1: size, phase2: 1 })).toThrow(InvalidArgumentError);
  });
});

describe('a grid', () => {
  it('elects with a whole column and decides with a whole row', () => {
    const voters = votersOf(6);
    // n00 n01 n02
    // n03 n04 n05
    const system = grid(2, 3);
    const rows = [new Set(['n00', 'n01', 'n02']), new Set(['n03', 'n04', 'n05'])];
    const columns = [new Set(['n00', 'n03']), new Set(['n01', 'n04']), new Set(['n02', 'n05'])];
    for (const some of subsetsOf(voters)) {
      const agrees = (voter: NodeId): boolean => some.has(voter);
      const contains = (line: ReadonlySet<NodeId>): boolean => [...line].every(agrees);
      expect(system.phase1(voters, agrees)).toBe(columns.some(contains));
      expect(system.phase2(voters, agrees)).toBe(rows.some(contains));
    }
  });

  it('needs as many voters as it has places', () => {
    expect(quorumRefusal(grid(2, 3), votersOf(6))).toBeUndefined();
    expect(quorumRefusal(grid(2, 3), votersOf(5))).toContain('needs 6 voters, not 5');
    expect(grid(2, 3).phase2(votersOf(7), () => true)).toBe(false);
  });

  it.each([0, -1, 1.5, Number.NaN])('has no side of %d', (side) => {
    expect(() => grid(side, 2)).toThrow(InvalidArgumentError);
    expect(() => grid(2, side)).toThrow(InvalidArgumentError);
  });
});

describe('quorums of ours', () => {
  it('meet, and are never refused where they can be formed', () => {
    fc.assert(
      fc.property(anyOfOurs, ([system, voters]) => {
        expect(allMeet(system, voters)).toBe(true);
        expect(works(system, voters)).toBe(true);
        expect(quorumRefusal(system, voters)).toBeUndefined();
      }),
      { numRuns: 40 },
    );
  });
});

describe('quorums of somebody else', () => {
  const voters = votersOf(5);
  const anyQuorums = fc.array(fc.subarray([...voters], { minLength: 1 }), {
    minLength: 1,
    maxLength: 4,
  });

  it('are refused exactly where two of them miss each other', () => {
    fc.assert(
      fc.property(anyQuorums, anyQuorums, (phase1, phase2) => {
        const system = containing(phase1, phase2);
        expect(quorumRefusal(system, voters) === undefined).toBe(allMeet(system, voters));
      }),
      { numRuns: 300 },
    );
  });

  it('are refused where there are none', () => {
    expect(quorumRefusal(containing([], [['n00']]), voters)).toContain('no quorum');
    expect(quorumRefusal(containing([['n00']], []), voters)).toContain('no quorum');
  });

  it('are refused where one more voter is one less', () => {
    const odd: QuorumSystem = {
      ...majority(),
      name: 'odd',
      phase2: (all, agrees) => all.filter(agrees).length % 2 === 1,
    };
    expect(quorumRefusal(odd, votersOf(1))).toBeUndefined();
    expect(quorumRefusal(odd, voters)).toContain('odd');
    // Exactly one elects, exactly one decides: what the one leaves out is no quorum, and yet they miss.
    const one: QuorumSystem['phase1'] = (all, agrees) => all.filter(agrees).length === 1;
    const single: QuorumSystem = { ...odd, name: 'single', phase1: one, phase2: one };
    expect(quorumRefusal(single, votersOf(3))).toContain('single');
  });

  it('are refused where they say so themselves', () => {
    const shy: QuorumSystem = { ...majority(), refusal: () => 'not on a Monday' };
    expect(quorumRefusal(shy, voters)).toBe('not on a Monday');
  });

  it('are proven by trying up to 10 voters, and believed beyond', () => {
    const first = containing([['n00']], [['n01']]);
    expect(quorumRefusal(first, votersOf(10))).toContain('misses');
    expect(quorumRefusal(first, votersOf(11))).toBeUndefined();
  });
});

describe('the value that a phase-2 quorum has reached', () => {
  const anyReached = fc.array(
    fc.option(fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ noNaN: true })), {
      nil: undefined,
    }),
    { minLength: 6, maxLength: 6 },
  );

  it('is the largest one that so many have reached that they are a quorum', () => {
    fc.assert(
      fc.property(anyOfOurs, anyReached, ([system, voters], values) => {
        const reached = (voter: NodeId): number | undefined => values[voters.indexOf(voter)];
        const naive = values
          .slice(0, voters.length)
          .filter((value) => value !== undefined)
          .filter((value) =>
            quorumsOf(system, 'phase2', voters).some((quorum) =>
              [...quorum].every((voter) => (reached(voter) ?? Number.NEGATIVE_INFINITY) >= value),
            ),
          )
          .reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
        // Both zeros are the same index.
        expect(phase2Value(system, voters, reached) + 0).toBe(naive + 0);
      }),
      { numRuns: 300 },
    );
  });

  it('is nothing where too few were heard of', () => {
    const heard = (voter: NodeId): number | undefined => (voter === 'n00' ? 7 : undefined);
    expect(phase2Value(majority(), votersOf(3), heard)).toBe(Number.NEGATIVE_INFINITY);
    expect(phase2Value(majority(), [], () => 7)).toBe(Number.NEGATIVE_INFINITY);
  });
});
