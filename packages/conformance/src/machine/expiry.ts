/**
 * What runs out by itself: never without the log, never early, never late by more than it takes the
 * leader to say so, and at one place in the log on every replica.
 */
import type { LogIndex } from '@quorate/core';
import { check, equal } from '../check.ts';
import type { Bench } from './bench.ts';
import type { Hosted } from './hosted.ts';
import type { MachineTests } from './options.ts';

/** Longer than anything waits for. */
const agesMs = 10 ** 12;

export function expiryTests({ has, test }: MachineTests): void {
  test('what lets things run out is there, or named in `without`', async (bench) => {
    const { machine } = bench.fresh();
    equal(
      {
        nextExpiry: machine.nextExpiry !== undefined,
        expire: machine.expire !== undefined,
        renew: machine.renew !== undefined,
      },
      { nextExpiry: has('expiry'), expire: has('expiry'), renew: has('renewal') },
      'what it has',
    );
  });

  test(
    'nothing runs out before nextExpiry, and by then nothing is left that has to',
    async (bench) => {
      const { hosted, script } = bench.lived();
      const nextIndex = laterIndexes(bench);
      let { time } = script.context();
      for (let round = 0; round < bench.length; round++) {
        const next = hosted.machine.nextExpiry?.();
        const early = next === undefined ? time + agesMs : Math.ceil(next) - 1;
        if (early >= time) {
          await bench.unchanged(hosted, `the state after expire before ${String(next)}`, () =>
            expireAt(hosted, nextIndex(), early),
          );
        }
        if (next === undefined) return;
        time = Math.max(time, Math.ceil(next));
        expireAt(hosted, nextIndex(), time);
        const left = hosted.machine.nextExpiry?.();
        check(
          left === undefined || left > time,
          `after expire(${String(time)}) something is left that runs out at ${String(left)}`,
        );
      }
    },
    ['expiry'],
  );

  test(
    'asking for the next expiry changes nothing',
    async (bench) => {
      const { steps } = bench.lived();
      const [asked, left] = [bench.fresh(), bench.fresh()];
      for (const step of steps) {
        const next = asked.machine.nextExpiry?.();
        equal(asked.machine.nextExpiry?.(), next, 'the next expiry, asked again');
        equal(asked.do(step), left.do(step), 'an outcome');
      }
      equal(asked.machine.nextExpiry?.(), left.machine.nextExpiry?.(), 'the next expiry');
      await bench.same(asked, left, 'the state');
    },
    ['expiry'],
  );

  test(
    'what is in a snapshot runs out as before',
    async (bench) => {
      const { hosted, script } = bench.lived();
      const twin = await bench.twin(hosted);
      const nextIndex = laterIndexes(bench);
      let { time } = script.context();
      for (let round = 0; round < bench.length; round++) {
        const due = [hosted, twin].map(({ machine }) => machine.nextExpiry?.());
        const known = due.filter((next) => next !== undefined);
        if (known.length === 0) return;
        time = Math.max(time, Math.ceil(Math.min(...known)));
        const index = nextIndex();
        expireAt(hosted, index, time);
        expireAt(twin, index, time);
        await bench.same(twin, hosted, `the state at ${String(time)}`);
      }
    },
    ['expiry'],
  );

  test(
    'a renewal brings nothing nearer, and lets nothing run out',
    async (bench) => {
      const { hosted, script } = bench.lived();
      for (let round = 0; round < 10; round++) {
        const before = hosted.machine.nextExpiry?.();
        hosted.do({ type: 'renew', context: script.context() });
        const after = hosted.machine.nextExpiry?.();
        equal(
          after === undefined,
          before === undefined,
          'whether nothing runs out after a renewal',
        );
        check(
          after === undefined || before === undefined || after >= before,
          `a renewal brought the next expiry from ${String(before)} to ${String(after)}`,
        );
        hosted.do(script.next());
      }
    },
    ['renewal', 'expiry'],
  );
}

function expireAt(hosted: Hosted, index: LogIndex, time: number): void {
  hosted.do({ type: 'expire', context: { index, position: 0, time } });
}

/**
 * Where the entries of a leader stand: behind those of the script, and one behind the other, as in any log. A
 * machine may keep the index, so all replicas are given the same one.
 */
function laterIndexes(bench: Bench): () => LogIndex {
  let index = 10 ** 9;
  return () => (index += 1 + bench.random.below(9));
}
