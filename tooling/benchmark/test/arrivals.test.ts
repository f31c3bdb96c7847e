/** The open loop, on a clock that a test moves. */
import { describe, expect, it } from 'vitest';
import { type Clock, openLoop } from '../src/load/arrivals.ts';

/** Runs whatever is due, in order, and lets promises settle in between. */
class ManualClock implements Clock {
  time = 1000;
  #timers: { readonly at: number; readonly run: () => void }[] = [];

  readonly now = (): number => this.time;

  readonly after = (ms: number, run: () => void): void => {
    this.#timers.push({ at: this.time + ms, run });
  };

  async advanceTo(end: number): Promise<void> {
    for (;;) {
      await settle();
      const next = this.#timers.toSorted((left, right) => left.at - right.at)[0];
      if (next === undefined || next.at > end) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

/** A service that takes so long for each command, and stands still for a while. */
function serviceOn(clock: ManualClock, tookMs: number, still = { from: 0, to: 0 }) {
  const sentAt: number[] = [];
  const execute = (): Promise<void> => {
    sentAt.push(clock.time);
    const begin = clock.time >= still.from && clock.time < still.to ? still.to : clock.time;
    return new Promise((resolve) => {
      clock.after(begin + tookMs - clock.time, resolve);
    });
  };
  return { sentAt, execute };
}

describe('an open loop', () => {
  it('hands in commands by its schedule, whether or not those before them are done', async () => {
    const clock = new ManualClock();
    const { sentAt, execute } = serviceOn(clock, 250);
    const measuring = openLoop({ perSecond: 100, seconds: 0.05 }, { execute, clock });
    await clock.advanceTo(1040);
    expect(sentAt).toEqual([1000, 1010, 1020, 1030, 1040]);
    await clock.advanceTo(1400);
    const { p50, max, figures } = await measuring;
    expect(p50 / 250_000).toBeCloseTo(1, 2);
    expect(max / 250_000).toBeCloseTo(1, 2);
    expect(figures).toMatchObject({ offeredPerSecond: 100 });
  });

  it('charges a service that stood still with all that was to arrive meanwhile', async () => {
    const clock = new ManualClock();
    // For 100 ms out of 200, so that half of the commands wait, and 50 ms on average.
    const { execute } = serviceOn(clock, 1, { from: 1000, to: 1100 });
    const measuring = openLoop({ perSecond: 1000, seconds: 0.2 }, { execute, clock });
    await clock.advanceTo(2000);
    const { p50, p99, max } = await measuring;
    expect(max / 101_000).toBeCloseTo(1, 2);
    expect(p99).toBeGreaterThan(95_000);
    expect(p50).toBeLessThan(3000);
  });

  it('counts from when a command was to arrive, also where its own timer was late', async () => {
    const clock = new ManualClock();
    const { sentAt, execute } = serviceOn(clock, 1);
    const measuring = openLoop({ perSecond: 10, seconds: 0.2 }, { execute, clock });
    await clock.advanceTo(1050);
    // Nothing of this process ran for a while.
    clock.time = 1400;
    await clock.advanceTo(1500);
    const { max, figures } = await measuring;
    expect(sentAt).toEqual([1000, 1400]);
    expect(max / 301_000).toBeCloseTo(1, 2);
    expect(figures['lateMicroseconds']).toBeGreaterThanOrEqual(0);
  });

  it('says how many were done in the time that it took', async () => {
    const clock = new ManualClock();
    const quick = serviceOn(clock, 1);
    const schedule = { perSecond: 50, seconds: 1 };
    const within = openLoop(schedule, { execute: quick.execute, clock });
    await clock.advanceTo(3000);
    expect(await within).toMatchObject({ seconds: 1, operationsPerSecond: 50 });
    const slow = serviceOn(clock, 1020);
    const behind = openLoop(schedule, { execute: slow.execute, clock });
    await clock.advanceTo(6000);
    expect(await behind).toMatchObject({ seconds: 2, operationsPerSecond: 25 });
  });

  it('bounds what is in flight, and lets what is due wait', async () => {
    const clock = new ManualClock();
    const held: (() => void)[] = [];
    const execute = (): Promise<void> => new Promise((resolve) => void held.push(resolve));
    const schedule = { perSecond: 1000, seconds: 0.02 };
    const measuring = openLoop(schedule, { execute, clock, inFlight: 8 });
    await clock.advanceTo(1100);
    expect(held).toHaveLength(8);
    for (const release of held.splice(0, 3)) release();
    await settle();
    expect(held).toHaveLength(8);
    while (held.length > 0) {
      for (const release of held.splice(0)) release();
      await settle();
    }
    const { operationsPerSecond, seconds, max } = await measuring;
    expect(Math.round(operationsPerSecond * seconds)).toBe(20);
    expect(max / 100_000).toBeCloseTo(1, 2);
  });

  it('ends with the first command that fails, unless somebody takes those', async () => {
    const clock = new ManualClock();
    const execute = (number: number): Promise<void> =>
      number === 1 ? Promise.reject(new Error('overloaded')) : Promise.resolve();
    const schedule = { perSecond: 100, seconds: 0.03 };
    const failing = openLoop(schedule, { execute, clock });
    failing.catch(() => undefined);
    await clock.advanceTo(2000);
    await expect(failing).rejects.toThrow('overloaded');

    const failures: unknown[] = [];
    const moments: number[] = [];
    const failed = (error: unknown): void => void failures.push(error);
    const succeeded = (now: number): void => void moments.push(now);
    const going = openLoop(schedule, { execute, clock, failed, succeeded });
    await clock.advanceTo(3000);
    const { operationsPerSecond, seconds } = await going;
    expect(Math.round(operationsPerSecond * seconds)).toBe(2);
    expect(failures).toHaveLength(1);
    expect(moments).toEqual([2000, 2020]);
  });

  it('says so where nothing worked', async () => {
    const clock = new ManualClock();
    const execute = (): Promise<void> => Promise.reject(new Error('no'));
    const failed = (): void => undefined;
    const measuring = openLoop({ perSecond: 10, seconds: 0.1 }, { execute, clock, failed });
    measuring.catch(() => undefined);
    await clock.advanceTo(2000);
    await expect(measuring).rejects.toThrow(RangeError);
  });
});
