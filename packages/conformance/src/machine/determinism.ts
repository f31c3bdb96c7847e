/**
 * The same entries give the same, everywhere: whatever else happens on a replica, and whatever
 * becomes of the memory in which the commands came.
 */
import { check, equal } from '../check.ts';
import { Hosted } from './hosted.ts';
import type { MachineTests } from './options.ts';
import { witness } from './witness.ts';

export function determinismTests({ test }: MachineTests): void {
  test('replicas that are fed the same entries give the same results and come to the same state', async (bench) => {
    const { steps } = bench.lived();
    const [one, other] = [bench.fresh(), bench.fresh()];
    for (const step of steps) {
      equal(one.do(step), other.do(step), 'an outcome');
      equal(one.machine.stateHash?.(), other.machine.stateHash?.(), 'a digest');
      equal(one.machine.nextExpiry?.(), other.machine.nextExpiry?.(), 'the next expiry');
    }
    await bench.same(one, other, 'the state');
  });

  test('machines share nothing', async (bench) => {
    const [mine, others] = [bench.lived(), bench.lived()];
    const [alone, beside, neighbour] = [bench.fresh(), bench.fresh(), bench.fresh()];
    const expected = alone.doAll(mine.steps);
    const outcomes = mine.steps.map((step, at) => {
      const other = others.steps[at];
      if (other !== undefined) neighbour.do(other);
      return beside.do(step);
    });
    equal(outcomes, expected, 'the outcomes beside a busy neighbour');
    await bench.same(beside, alone, 'the state beside a busy neighbour');
  });

  test('nothing depends on bytes that change after a command was applied', async (bench) => {
    const { hosted, steps } = bench.lived();
    const scribbled = new Hosted(bench.options.create(), true);
    const expected = bench.fresh().doAll(steps);
    equal(scribbled.doAll(steps), expected, 'the outcomes');
    await bench.same(scribbled, hosted, 'the state');
  });

  test('a result or an answer that was given out stays what it was', async (bench) => {
    const { hosted, script } = bench.lived(0);
    const queries = bench.queries();
    for (let at = 0; at < bench.length; at++) {
      hosted.do(script.next());
      const query = queries[at % queries.length];
      if (query !== undefined) hosted.ask(query);
    }
    hosted.checkGiven();
  });

  test('no clock is read and no random number drawn', async (bench) => {
    const { steps } = bench.lived();
    const hosted = bench.fresh();
    const queries = bench.queries();
    const { asked } = witness(() => {
      for (const step of steps) {
        hosted.do(step);
        hosted.machine.nextExpiry?.();
        hosted.machine.stateHash?.();
      }
      for (const query of queries) hosted.ask(query);
    });
    check(
      asked.size === 0,
      `it asks ${[...asked].join(', ')}; its only time is that of the context`,
    );
  });

  test('queries change nothing, however many there are', async (bench) => {
    const { steps } = bench.lived();
    const [asked, left] = [bench.fresh(), bench.fresh()];
    for (const step of steps) {
      const queries = bench.queries(3);
      const answers = queries.map((query) => asked.ask(query));
      equal(
        queries.map((query) => asked.ask(query)),
        answers,
        'the answers to the same queries',
      );
      equal(asked.do(step), left.do(step), 'an outcome after queries');
    }
    await bench.same(asked, left, 'the state after queries');
  });
}
