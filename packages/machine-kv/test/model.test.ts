/** Random commands and reads against the reference: whatever it says, the machine says. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectType, kv } from '../src/index.ts';
import { collect, Hosted, someKey, someRange, someStep, type Step, stream } from './harness.ts';
import { Model } from './model.ts';
import { perform } from './steps.ts';

const someSteps = fc.array(someStep, { maxLength: 60, size: 'max' });

describe('the machine and the reference', () => {
  test('say the same to every command', () => {
    fc.assert(
      fc.property(someSteps, (steps) => {
        const hosted = new Hosted();
        const model = new Model();
        for (const step of steps) {
          expect(perform(hosted, step)).toEqual(perform(model, step));
          const { revision, compactRevision, keys } = hosted.info();
          expect({ revision, compactRevision, keys }).toEqual({
            revision: model.revision,
            compactRevision: model.compactRevision,
            keys: model.state.length,
          });
          expect(expectType(hosted.query(kv.lease.list()), 'lease-list').leases).toEqual(
            model.leases,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  test('read the same at every revision, past, present and future', () => {
    const someRead = fc.oneof(
      someRange(fc.nat(40)),
      fc.tuple(someKey, fc.nat(40)).map(([key, revision]) => kv.get(key, { revision })),
    );
    fc.assert(
      fc.property(someSteps, fc.array(someRead, { maxLength: 40, size: 'max' }), (steps, reads) => {
        const hosted = new Hosted();
        const model = new Model();
        for (const step of steps) {
          perform(hosted, step);
          perform(model, step);
        }
        for (const { lease } of model.leases) {
          const info = expectType(hosted.query(kv.lease.info(lease)), 'lease-info');
          expect(info.keys).toEqual(model.keysOf(lease));
        }
        for (const read of reads) expect(hosted.query(read)).toEqual(model.query(read));
        for (let revision = 0; revision <= model.revision + 1; revision++) {
          const all = kv.range({ prefix: '', revision, count: true });
          expect(hosted.query(all)).toEqual(model.query(all));
        }
      }),
      { numRuns: 200 },
    );
  });

  test('a snapshot holds the state at the call, whatever happens while it is read', async () => {
    await fc.assert(
      fc.asyncProperty(someSteps, someSteps, someSteps, async (before, during, after) => {
        const hosted = new Hosted();
        const run = (target: Hosted, steps: readonly Step[]): unknown[] =>
          steps.map((step) => perform(target, step));
        run(hosted, before);
        const expected = answers(hosted);
        const { time } = hosted;
        const snapshot = hosted.machine.snapshot();
        run(hosted, during);

        const restored = new Hosted();
        restored.time = time;
        await restored.machine.restore(stream(await collect(snapshot)));
        expect(answers(restored)).toEqual(expected);
        // From there both go the same way: versions, history and what is trimmed next are all there.
        run(restored, during);
        expect(answers(restored)).toEqual(answers(hosted));
        expect(run(restored, after)).toEqual(run(hosted, after));
        expect(answers(restored)).toEqual(answers(hosted));
      }),
      { numRuns: 200 },
    );
  });
});

/** Everything that can be asked about the whole map. */
function answers(hosted: Hosted): readonly unknown[] {
  const info = hosted.info();
  const { leases } = expectType(hosted.query(kv.lease.list()), 'lease-list');
  const said: unknown[] = [info, leases, hosted.machine.stateHash(), hosted.machine.nextExpiry()];
  for (const { lease } of leases) said.push(hosted.query(kv.lease.info(lease)));
  for (let revision = info.compactRevision; revision <= info.revision; revision++) {
    said.push(expectType(hosted.query(kv.range({ prefix: '', revision })), 'range'));
  }
  return said;
}
