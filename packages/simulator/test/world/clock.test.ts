/** The clocks of a machine, and the timers of the processes on it. */
import { seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { Life } from '../../src/nodes/life.ts';
import { Clock } from '../../src/world/clock.ts';
import { makeRuntime } from '../../src/world/runtime.ts';
import { Schedule } from '../../src/world/schedule.ts';

const never = (): boolean => false;

describe('a clock', () => {
  it('gains what its rate says', () => {
    const clock = new Clock(1.01, 500, 0);
    expect(clock.read(0)).toBe(500);
    expect(clock.read(10_000)).toBeCloseTo(500 + 10_100, 6);
    expect(clock.when(clock.read(1234))).toBeCloseTo(1234, 6);
  });

  it('runs on from where it is when its rate changes', () => {
    const clock = new Clock(1, 0, 0);
    clock.drift(1000, 1.5);
    expect(clock.rate).toBe(1.5);
    expect(clock.read(1000)).toBe(1000);
    expect(clock.read(2000)).toBe(2500);
    clock.drift(2000, 0.5);
    expect(clock.read(4000)).toBe(3500);
  });

  it('never goes back, however its rate and the wall clock change', () => {
    const random = seededRandom(7);
    const clock = new Clock(1, random.below(1000), 0);
    let last = clock.read(0);
    for (let now = 0; now < 10_000; now += random.next() * 20) {
      expect(clock.read(now)).toBeGreaterThanOrEqual(last);
      last = clock.read(now);
      if (random.chance(0.2)) clock.drift(now, random.between(0.5, 1.5));
      if (random.chance(0.2)) clock.jump(random.between(-1e6, 1e6));
    }
  });

  it('jumps on the wall alone', () => {
    const clock = new Clock(1, 0, 100);
    const wall = clock.wall(50);
    clock.jump(-3000);
    expect(clock.wall(50)).toBe(wall - 3000);
    expect(clock.read(50)).toBe(50);
    clock.jump(10_000);
    expect(clock.wall(50)).toBe(wall + 7000);
  });

  it('shows no wall time before 1970, however far it is set back', () => {
    const clock = new Clock(1, 0, 0);
    clock.jump(-1e15);
    expect(clock.wall(0)).toBe(0);
  });
});

/** A process on a machine of its own. */
function processWith(clock: Clock) {
  const schedule = new Schedule();
  const life = new Life(1);
  const runtime = makeRuntime({
    schedule,
    clock,
    random: seededRandom(1),
    owner: life,
    turnMs: () => 2,
  });
  return { schedule, life, runtime };
}

describe('the runtime of a process', () => {
  it('shows the clocks of its machine', async () => {
    const clock = new Clock(1.5, 100, 0);
    const { schedule, runtime } = processWith(clock);
    await schedule.run(10, never);
    expect(runtime.now()).toBe(115);
    expect(runtime.wallTime()).toBe(clock.wall(10));
  });

  it('takes time for a turn', async () => {
    const { schedule, runtime } = processWith(new Clock(1, 0, 0));
    let at = 0;
    runtime.nextTurn(() => {
      at = schedule.now;
    });
    await schedule.run(10, never);
    expect(at).toBe(2);
  });

  it.each([0.5, 0.97, 1, 1.03, 1.5])(
    'ends timers on time by its own clock, which runs at %d',
    async (rate) => {
      const { schedule, runtime } = processWith(new Clock(rate, 12_345.678, 0));
      const late: number[] = [];
      for (let ms = 0; ms < 500; ms += 7.3) {
        const due = runtime.now() + ms;
        runtime.setTimer(ms, () => late.push(runtime.now() - due));
      }
      await schedule.run(2000, never);
      expect(late).toHaveLength(69);
      expect(Math.min(...late)).toBeGreaterThanOrEqual(0);
      expect(Math.max(...late)).toBeLessThan(0.001);
    },
  );

  it('never ends a timer early by its own clock, also where that runs slower after it was set', async () => {
    const random = seededRandom(3);
    const clock = new Clock(1, 0, 0);
    const { schedule, runtime } = processWith(clock);
    let ended = 0;
    for (let at = 0; at < 1000; at += 5) {
      schedule.at(at, undefined, () => {
        if (random.chance(0.3)) clock.drift(schedule.now, random.between(0.2, 1.5));
        const due = runtime.now() + random.below(400);
        runtime.setTimer(due - runtime.now(), () => {
          ended += 1;
          expect(runtime.now()).toBeGreaterThanOrEqual(due);
        });
      });
    }
    await schedule.run(10_000, never);
    expect(ended).toBe(200);
  });

  it('takes a timer back, also one that was set anew because its clock had slowed down', async () => {
    const clock = new Clock(1, 0, 0);
    const { schedule, runtime } = processWith(clock);
    let ended = 0;
    const end = (): void => {
      ended += 1;
    };
    runtime.setTimer(10, end).cancel();
    const slow = runtime.setTimer(20, end);
    schedule.at(5, undefined, () => {
      clock.drift(5, 0.5);
    });
    // By the old rate it would be over at 20, and is not: it was set anew.
    schedule.at(25, undefined, () => {
      slow.cancel();
    });
    await schedule.run(1000, never);
    expect(ended).toBe(0);
  });

  it('never ends a timer that is to last for ever, and at once one that is over', async () => {
    const { schedule, runtime } = processWith(new Clock(1, 0, 0));
    const ended: string[] = [];
    runtime.setTimer(Number.POSITIVE_INFINITY, () => ended.push('for ever')).cancel();
    runtime.setTimer(-5, () => ended.push(`over at ${schedule.now.toFixed(3)}`));
    await schedule.run(1000, never);
    expect(ended).toEqual(['over at 0.000']);
  });

  it('lets nothing happen after its process has ended', async () => {
    const { schedule, life, runtime } = processWith(new Clock(1, 0, 0));
    let happened = 0;
    const happen = (): void => {
      happened += 1;
    };
    runtime.setTimer(10, happen);
    runtime.nextTurn(happen);
    life.end();
    runtime.setTimer(10, happen);
    runtime.nextTurn(happen);
    await schedule.run(1000, never);
    expect(happened).toBe(0);
  });
});

describe('a life', () => {
  it('tells of its end once, and only those who still want to know', () => {
    const life = new Life(3);
    const told: string[] = [];
    life.onEnd(() => told.push('first'));
    life.onEnd(() => told.push('second'))();
    life.end();
    life.end();
    expect(told).toEqual(['first']);
    expect(life.ended).toBe(true);
  });
});
