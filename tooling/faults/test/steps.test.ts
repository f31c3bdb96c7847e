/** The writes of a life follow from a seed, and each can be made again from its number. */
import { describe, expect, it } from 'vitest';
import { bytesOf, fingerprintOf } from '../src/plan/content.ts';
import { Model } from '../src/plan/model.ts';
import { type LifePlan, type PlannedOp, type Step, stepsOf } from '../src/plan/steps.ts';

const empty = { first: 1, last: 0, snapshot: 0 };

function planOf(seed: number, more: Partial<LifePlan> = {}): LifePlan {
  return { seed, life: 1, start: empty, resume: undefined, hoards: false, ...more };
}

function take(plan: LifePlan, writes: number): readonly Step[] {
  const steps: Step[] = [];
  for (const step of stepsOf(plan)) {
    steps.push(step);
    if (step.type === 'write' && step.write === writes) break;
  }
  return steps;
}

function opsOf(steps: readonly Step[]): readonly PlannedOp[] {
  return steps.flatMap((step) => (step.type === 'write' ? step.ops : []));
}

describe('the writes of a life', () => {
  it('are the same for the same seed, life and start, and no others', () => {
    expect(take(planOf(7), 300)).toEqual(take(planOf(7), 300));
    expect(take(planOf(7), 300)).not.toEqual(take(planOf(8), 300));
    expect(take(planOf(7), 300)).not.toEqual(take(planOf(7, { life: 2 }), 300));
    // One that ends earlier has done the same until then.
    expect(take(planOf(7), 300).slice(0, 50)).toEqual(take(planOf(7), 60).slice(0, 50));
  });

  it('do everything that a log can be asked for', () => {
    const ops = opsOf(take(planOf(1), 500));
    expect(new Set(ops.map(({ type }) => type))).toEqual(
      new Set(['put', 'state', 'dropAfter', 'dropBefore', 'snapshot']),
    );
    const seen = new Set<number>();
    let again = 0;
    for (const op of ops) {
      if (op.type !== 'put') continue;
      if (seen.has(op.index)) again++;
      seen.add(op.index);
    }
    expect(again).toBeGreaterThan(10);
    // And leave some indexes out.
    const last = Math.max(...seen);
    expect(seen.size).toBeLessThan(last);
  });

  it('have contents that differ from all others', () => {
    const names = opsOf(take(planOf(3), 400)).flatMap((op) =>
      op.type === 'put' ? [op.record.name] : op.type === 'state' ? [op.bytes.name] : [],
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('keep the log short, unless they hoard', () => {
    for (const seed of [1, 2, 3]) {
      const model = new Model();
      for (const op of opsOf(take(planOf(seed), 1500))) {
        if (op.type === 'put') model.records.set(op.index, '');
        else if (op.type !== 'state' && op.type !== 'snapshot') model.apply([op]);
      }
      expect(model.records.size).toBeLessThan(1000);
    }
    const hoarded = opsOf(take(planOf(1, { hoards: true }), 500));
    const drops = hoarded.filter(({ type }) => type === 'dropBefore');
    expect(drops.length).toBeLessThan(3);
  });

  it('publish nothing that was not staged, and stage one at a time', () => {
    let staged: string | undefined;
    let published = 0;
    for (const step of take(planOf(5), 1000)) {
      if (step.type === 'stage') {
        expect(staged).toBeUndefined();
        staged = step.content.name;
        continue;
      }
      for (const op of step.ops) {
        if (op.type !== 'snapshot') continue;
        expect(op.content.name).toBe(staged);
        staged = undefined;
        published++;
      }
    }
    expect(published).toBeGreaterThan(10);
  });

  it('go on where an earlier life ended, with what it had staged', () => {
    const resume = {
      name: 'transfer-1-1',
      content: { name: '4/1/9', bytes: 10_000 },
      chunkBytes: 1024,
    };
    const start = { first: 100, last: 150, snapshot: 120 };
    const [first, ...more] = take(planOf(4, { life: 2, start, resume }), 200);
    expect(first).toEqual({ type: 'stage', ...resume });
    for (const op of opsOf(more)) {
      if (op.type === 'put') expect(op.index).toBeGreaterThan(120);
      if (op.type === 'dropAfter') expect(op.index).toBeGreaterThanOrEqual(120);
    }
  });
});

describe('a content', () => {
  it('is made from its name alone', () => {
    const one = bytesOf({ name: 'a', bytes: 1001 });
    expect(one).toHaveLength(1001);
    expect(bytesOf({ name: 'a', bytes: 1001 })).toEqual(one);
    expect(fingerprintOf(one)).toMatch(/^1001:[0-9a-f]{8}$/);
    expect(fingerprintOf(bytesOf({ name: 'b', bytes: 1001 }))).not.toBe(fingerprintOf(one));
  });

  it('is mostly noise, now and then zeros or ones behind its first bytes', () => {
    const looks = Array.from({ length: 200 }, (_, at) => {
      const rest = bytesOf({ name: String(at), bytes: 500 }).subarray(16);
      return new Set(rest).size > 1 ? 'noise' : rest[0];
    });
    expect(new Set(looks)).toEqual(new Set(['noise', 0, 255]));
    expect(
      new Set(
        Array.from({ length: 200 }, (_, at) =>
          fingerprintOf(bytesOf({ name: String(at), bytes: 500 })),
        ),
      ),
    ).toHaveProperty('size', 200);
  });
});
