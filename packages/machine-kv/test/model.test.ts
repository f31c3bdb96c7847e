/** Random commands and reads against the reference: whatever it says, the machine says. */
import { CommandRejectedError } from '@quorate/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { expectType, type KvCommand, type KvResult, kv } from '../src/index.ts';
import { collect, Hosted, someCommand, someKey, someRange, stream } from './harness.ts';
import { Model } from './model.ts';

/** The result, or that it was rejected. */
function outcome(run: () => KvResult): KvResult | 'rejected' {
  try {
    return run();
  } catch (error) {
    // Encoding says the same as applying, only earlier and to the author alone.
    if (error instanceof CommandRejectedError || isInvalid(error)) return 'rejected';
    throw error;
  }
}

function isInvalid(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'INVALID_ARGUMENT';
}

const someCommands = fc.array(someCommand, { maxLength: 60, size: 'max' });

describe('the machine and the reference', () => {
  test('say the same to every command', () => {
    fc.assert(
      fc.property(someCommands, (commands) => {
        const hosted = new Hosted();
        const model = new Model();
        for (const command of commands) {
          expect(outcome(() => hosted.execute(command))).toEqual(
            outcome(() => model.apply(command)),
          );
          const { revision, compactRevision, keys } = hosted.info();
          expect({ revision, compactRevision, keys }).toEqual({
            revision: model.revision,
            compactRevision: model.compactRevision,
            keys: model.state.length,
          });
        }
      }),
      { numRuns: 400 },
    );
  });

  test('read the same at every revision, past, present and future', () => {
    const someRead = fc.oneof(
      someRange(fc.nat(40)),
      fc.tuple(someKey, fc.nat(40)).map(([key, revision]) => kv.get(key, { revision })),
    );
    fc.assert(
      fc.property(
        someCommands,
        fc.array(someRead, { maxLength: 40, size: 'max' }),
        (commands, reads) => {
          const hosted = new Hosted();
          const model = new Model();
          for (const command of commands) {
            outcome(() => hosted.execute(command));
            outcome(() => model.apply(command));
          }
          for (const read of reads) expect(hosted.query(read)).toEqual(model.query(read));
          for (let revision = 0; revision <= model.revision + 1; revision++) {
            const all = kv.range({ prefix: '', revision, count: true });
            expect(hosted.query(all)).toEqual(model.query(all));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a snapshot holds the state at the call, whatever happens while it is read', async () => {
    await fc.assert(
      fc.asyncProperty(someCommands, someCommands, someCommands, async (before, during, after) => {
        const hosted = new Hosted();
        const run = (target: Hosted, commands: readonly KvCommand[]): unknown[] =>
          commands.map((command) => outcome(() => target.execute(command)));
        run(hosted, before);
        const expected = answers(hosted);
        const snapshot = hosted.machine.snapshot();
        run(hosted, during);

        const restored = new Hosted();
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
  const said: unknown[] = [info, hosted.machine.stateHash()];
  for (let revision = info.compactRevision; revision <= info.revision; revision++) {
    said.push(expectType(hosted.query(kv.range({ prefix: '', revision })), 'range'));
  }
  return said;
}
