import { seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { slackMs, Throttle } from '../src/throttle.ts';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';

function subject(bytesPerSecond: number): {
  readonly runtime: VirtualRuntime;
  readonly throttle: Throttle;
  /** What has passed, and when. */
  readonly passed: { readonly at: number; readonly bytes: number; readonly who: string }[];
  readonly pass: (who: string, bytes: number) => Promise<void>;
} {
  const runtime = new VirtualRuntime();
  const throttle = new Throttle(runtime, bytesPerSecond);
  const passed: { at: number; bytes: number; who: string }[] = [];
  const pass = async (who: string, bytes: number): Promise<void> => {
    await throttle.pass(bytes);
    passed.push({ at: runtime.now(), bytes, who });
  };
  return { runtime, throttle, passed, pass };
}

describe('a throttle', () => {
  it.each([1, 2, 3])('lets no more pass than its rate, in any time (seed %i)', async (seed) => {
    const rate = 10_000;
    const random = seededRandom(seed);
    const { runtime, passed, pass } = subject(rate);
    const sizes = Array.from({ length: 200 }, () => random.between(1, 400));
    // Sometimes much is asked for at once, sometimes nothing for a while.
    for (const bytes of sizes) {
      void pass('a', Math.floor(bytes));
      if (random.chance(0.2)) await runtime.run(random.between(0, 300));
    }
    await runtime.run(60_000);
    expect(passed.length).toBe(sizes.length);
    for (const first of passed) {
      let bytes = 0;
      for (const { at, bytes: more } of passed.slice(passed.indexOf(first))) {
        bytes += more;
        expect(bytes).toBeLessThanOrEqual((rate * (at - first.at + slackMs)) / 1000 + 400);
      }
    }
  });

  it('reaches its rate, also where timers are late', async () => {
    const { runtime } = subject(100_000);
    // 1000 bytes are due every 10 ms; each timer is 3 ms late.
    const late = {
      now: () => runtime.now(),
      nextTurn: (run: () => void) => {
        runtime.nextTurn(run);
      },
      setTimer: (ms: number, run: () => void) => runtime.setTimer(ms + 3, run),
    };
    const throttle = new Throttle(late, 100_000);
    let bytes = 0;
    const send = async (): Promise<void> => {
      for (;;) {
        await throttle.pass(1000);
        bytes += 1000;
      }
    };
    send().catch(() => undefined);
    await runtime.run(10_000);
    expect(bytes).toBeGreaterThan(990_000);
    expect(bytes).toBeLessThan(1_005_000);
    throttle.close();
  });

  it('lets pass in the order of asking, so that nobody starves', async () => {
    const { runtime, passed, pass } = subject(1000);
    for (let round = 0; round < 3; round++) for (const who of ['a', 'b', 'c']) void pass(who, 100);
    await runtime.run(2000);
    expect(passed.map(({ who }) => who).join('')).toBe('abcabcabc');
  });

  it('lets one pass a turn, also without any rate', async () => {
    const { runtime, passed, pass } = subject(Number.POSITIVE_INFINITY);
    const turns: number[] = [];
    const turn = (): void => {
      turns.push(passed.length);
      if (turns.length < 6) runtime.nextTurn(turn);
    };
    for (let at = 0; at < 5; at++) void pass('a', 1_000_000);
    runtime.nextTurn(turn);
    await runtime.run(0);
    expect(turns).toEqual([1, 2, 3, 4, 5, 5]);
    expect(runtime.now()).toBe(0);
  });

  it('turns away who waits when it is closed, and whoever comes later', async () => {
    const { runtime, throttle } = subject(1);
    await Promise.all([throttle.pass(1000), runtime.run(1)]);
    const waiting = throttle.pass(1);
    throttle.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CLOSED' });
    await expect(throttle.pass(1)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(runtime.pending).toBe(0);
  });
});
