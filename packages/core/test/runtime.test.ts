import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemRuntime } from '../src/runtime.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** Channels that were made while `setImmediate` was hidden; an open one keeps a process of Node alive. */
const channels: RememberedChannel[] = [];

class RememberedChannel extends MessageChannel {
  constructor() {
    super();
    channels.push(this);
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

afterAll(() => {
  for (const { port1 } of channels) port1.close();
});

describe('the clocks', () => {
  it('tell monotonic time, with fractions, that never falls', () => {
    const readings = Array.from({ length: 1000 }, () => systemRuntime.now());
    expect(readings).toEqual([...readings].sort((left, right) => left - right));
    expect(readings.some((reading) => !Number.isInteger(reading))).toBe(true);
  });

  it('tell the wall clock in whole ms', () => {
    const before = Date.now();
    const told = systemRuntime.wallTime();
    expect(Number.isInteger(told)).toBe(true);
    expect(told).toBeGreaterThanOrEqual(before);
    expect(told).toBeLessThanOrEqual(Date.now());
  });
});

describe('a timer', () => {
  it('never runs before its time, by the clock of the same runtime', async () => {
    // Node alone fires four of five of these early: it cuts fractions off and counts from the start of the turn.
    const early = await Promise.all(
      Array.from({ length: 100 }, (_, at) => {
        const ms = 1 + ((at * 7.37) % 30);
        const due = systemRuntime.now() + ms;
        return new Promise<boolean>((resolve) => {
          systemRuntime.setTimer(ms, () => {
            resolve(systemRuntime.now() < due);
          });
        });
      }),
    );
    expect(early.filter(Boolean)).toEqual([]);
  });

  it.each([0, -5])('of %d ms runs soon, but not at once', async (ms) => {
    const events: string[] = [];
    await new Promise<void>((resolve) => {
      systemRuntime.setTimer(ms, () => {
        events.push('ran');
        resolve();
      });
      events.push('set');
    });
    expect(events).toEqual(['set', 'ran']);
  });

  describe('on a clock that is moved by hand', () => {
    beforeEach(() => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    });

    it('runs once', () => {
      const run = vi.fn();
      systemRuntime.setTimer(10, run);
      vi.advanceTimersByTime(9);
      expect(run).toHaveBeenCalledTimes(0);
      vi.advanceTimersByTime(1);
      expect(run).toHaveBeenCalledTimes(1);
      vi.advanceTimersByTime(1000);
      expect(run).toHaveBeenCalledTimes(1);
    });

    it('that was cancelled never runs; cancelling twice or too late is harmless', () => {
      const run = vi.fn();
      const early = systemRuntime.setTimer(10, run);
      early.cancel();
      early.cancel();
      vi.advanceTimersByTime(100);
      expect(run).toHaveBeenCalledTimes(0);
      const late = systemRuntime.setTimer(10, run);
      vi.advanceTimersByTime(10);
      late.cancel();
      expect(run).toHaveBeenCalledTimes(1);
    });

    it('may be longer than the 24 days that setTimeout takes', () => {
      const run = vi.fn();
      systemRuntime.setTimer(60 * dayMs, run);
      vi.advanceTimersByTime(60 * dayMs - 1);
      expect(run).toHaveBeenCalledTimes(0);
      vi.advanceTimersByTime(1);
      expect(run).toHaveBeenCalledTimes(1);
    });

    it('can be cancelled in every piece of a long delay', () => {
      const run = vi.fn();
      const timer = systemRuntime.setTimer(60 * dayMs, run);
      vi.advanceTimersByTime(30 * dayMs);
      timer.cancel();
      vi.advanceTimersByTime(60 * dayMs);
      expect(run).toHaveBeenCalledTimes(0);
      expect(vi.getTimerCount()).toBe(0);
    });

    it('of infinite length never runs', () => {
      const run = vi.fn();
      const timer = systemRuntime.setTimer(Number.POSITIVE_INFINITY, run);
      vi.advanceTimersByTime(400 * dayMs);
      expect(run).toHaveBeenCalledTimes(0);
      timer.cancel();
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});

describe.each(['setImmediate', 'MessageChannel'])('the next turn, by %s', (way) => {
  beforeEach(() => {
    if (way === 'setImmediate') return;
    // As in a browser.
    vi.stubGlobal('setImmediate', undefined);
    vi.stubGlobal('MessageChannel', RememberedChannel);
  });

  it('comes after this one, and after all promises of this one', async () => {
    const events: string[] = [];
    await new Promise<void>((resolve) => {
      systemRuntime.nextTurn(() => {
        events.push('next turn');
        resolve();
      });
      void Promise.resolve()
        .then(() => events.push('promise'))
        .then(() => events.push('promise of the promise'));
      events.push('this turn');
    });
    expect(events).toEqual(['this turn', 'promise', 'promise of the promise', 'next turn']);
  });

  it('runs everything once, in the order in which it was asked for', async () => {
    const ran: number[] = [];
    await new Promise<void>((resolve) => {
      for (let at = 0; at < 100; at++) systemRuntime.nextTurn(() => ran.push(at));
      systemRuntime.nextTurn(resolve);
    });
    expect(ran).toEqual(Array.from({ length: 100 }, (_, at) => at));
  });

  it('is followed by another one, for what is asked for in it', async () => {
    const events: string[] = [];
    await new Promise<void>((resolve) => {
      systemRuntime.nextTurn(() => {
        events.push('first');
        systemRuntime.nextTurn(() => {
          events.push('third');
          resolve();
        });
      });
      systemRuntime.nextTurn(() => events.push('second'));
    });
    expect(events).toEqual(['first', 'second', 'third']);
  });

  it('takes the way that it should', () => {
    // One channel serves all turns.
    expect(channels).toHaveLength(way === 'setImmediate' ? 0 : 1);
  });
});

describe('randomness', () => {
  it('is from 0 up to but not 1, and not always the same', () => {
    const values = Array.from({ length: 100 }, () => systemRuntime.random());
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(new Set(values).size).toBeGreaterThan(90);
  });
});
