/**
 * Whatever is in the log, a machine takes it or refuses it: the same on every replica, without a
 * trace, and with no other error, since any other one stops every node there is.
 */
import { ByteReader, type Random } from '@quorate/core';
import { equal } from '../check.ts';
import type { MachineTests } from './options.ts';

export function rejectionTests({ options, test }: MachineTests): void {
  const { badCommand } = options;

  test('a command that is refused leaves no trace', async (bench) => {
    const { hosted, steps } = bench.lived();
    const [all, accepted] = [bench.fresh(), bench.fresh()];
    for (const step of steps) {
      const outcome = all.do(step);
      if (outcome.type !== 'rejected' && outcome.type !== 'malformed') accepted.do(step);
      equal(accepted.machine.stateHash?.(), all.machine.stateHash?.(), 'the digest');
    }
    await bench.same(accepted, hosted, 'the state of a replica that never saw what was refused');
  });

  test('commands that are damaged are taken or refused, alike everywhere, and without a trace', async (bench) => {
    const { hosted, steps, script } = bench.lived();
    const [one, other] = [bench.fresh(), bench.fresh()];
    one.doAll(steps);
    other.doAll(steps);
    const victims = steps.flatMap((step) => (step.type === 'command' ? [step.bytes] : []));
    for (let at = 0; at < bench.length && victims.length > 0; at++) {
      const step = script.bytes(damaged(bench.random.pick(victims), bench.random));
      const outcome = one.do(step);
      equal(other.do(step), outcome, 'what became of a damaged command');
      if (outcome.type === 'result') hosted.do(step);
    }
    await bench.same(one, other, 'the state');
    await bench.same(one, hosted, 'the state of a replica that never saw what was refused');
  });

  if (badCommand !== undefined) {
    test('commands that make no sense change nothing', async (bench) => {
      const { hosted, steps, script } = bench.lived();
      const twin = bench.fresh();
      twin.doAll(steps);
      await bench.unchanged(hosted, 'the state after commands that make no sense', () => {
        for (let at = 0; at < bench.length; at++) {
          const step = script.bytes(badCommand(bench.random));
          const outcome = hosted.do(step);
          equal(twin.do(step), outcome, 'what became of a command that makes no sense');
        }
      });
      await bench.same(twin, hosted, 'the state of another replica');
    });
  }

  test('queries that are damaged change nothing', async (bench) => {
    const { hosted } = bench.lived();
    const { machine } = hosted;
    const victims = bench.queries();
    await bench.unchanged(hosted, 'the state after damaged queries', () => {
      for (let at = 0; at < bench.length; at++) {
        const bytes = damaged(bench.random.pick(victims), bench.random);
        try {
          machine.query(machine.queries.decode(new ByteReader(bytes)));
        } catch {
          // What a query throws is its caller's affair.
        }
      }
    });
  });
}

/** Bytes like these with something wrong: bits flipped, cut, extended, or all of them others. */
export function damaged(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  const kind = random.below(5);
  if (kind === 0) return copy.subarray(0, random.below(bytes.length + 1));
  if (kind === 1) return Uint8Array.from([...copy, random.below(256)]);
  if (kind === 2) return Uint8Array.from({ length: random.below(40) }, () => random.below(256));
  for (let flips = 1 + random.below(3); flips > 0 && copy.length > 0; flips--) {
    const at = random.below(copy.length);
    copy[at] = kind === 3 ? (copy[at] ?? 0) ^ (1 << random.below(8)) : random.below(256);
  }
  return copy;
}
