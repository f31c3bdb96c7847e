/** Virtual time: what happens in which order, to whom, and what has happened before the next thing does. */
import { describe, expect, it } from 'vitest';
import { seededRandom } from '@quorate/core';
import { Schedule } from '../../src/world/schedule.ts';

const never = (): boolean => false;

/** Somebody to whom events happen. */
function owner(): { ended: boolean; pausedUntil: number } {
  return { ended: false, pausedUntil: 0 };
}

describe('the order of events', () => {
  it('is that of their moments, and for one moment that in which they were asked for', async () => {
    const schedule = new Schedule();
    const random = seededRandom(1);
    const expected: { readonly at: number; readonly order: number }[] = [];
    const happened: { readonly at: number; readonly order: number }[] = [];
    for (let order = 0; order < 2000; order++) {
      const event = { at: random.below(100), order };
      expected.push(event);
      schedule.at(event.at, undefined, () => {
        expect(schedule.now).toBe(event.at);
        happened.push(event);
      });
    }
    await schedule.run(1000, never);
    expected.sort((left, right) => left.at - right.at || left.order - right.order);
    expect(happened).toEqual(expected);
    expect(schedule.events).toBe(2000);
  });

  it('puts what is asked for in the past behind everything of this moment', async () => {
    const schedule = new Schedule();
    const happened: string[] = [];
    schedule.at(5, undefined, () => {
      schedule.at(1, undefined, () => happened.push(`late, at ${String(schedule.now)}`));
      schedule.after(0, undefined, () => happened.push('now'));
    });
    schedule.at(5, undefined, () => happened.push('other'));
    await schedule.run(10, never);
    expect(happened).toEqual(['other', 'late, at 5', 'now']);
  });

  it('leaves out what was cancelled, also by an event of the same moment', async () => {
    const schedule = new Schedule();
    const happened: string[] = [];
    const early = schedule.at(1, undefined, () => happened.push('early'));
    schedule.at(2, undefined, () => {
      same.cancel();
    });
    const same = schedule.at(2, undefined, () => happened.push('same'));
    schedule.at(3, undefined, () => happened.push('kept'));
    early.cancel();
    await schedule.run(10, never);
    early.cancel();
    expect(happened).toEqual(['kept']);
    expect(schedule.events).toBe(2);
  });
});

describe('whom events happen to', () => {
  it('nothing happens to who has ended, also when it ends in the same moment', async () => {
    const schedule = new Schedule();
    const process = owner();
    const happened: string[] = [];
    schedule.at(1, process, () => happened.push('before'));
    schedule.at(2, undefined, () => {
      process.ended = true;
    });
    schedule.at(2, process, () => happened.push('after'));
    schedule.at(3, process, () => happened.push('long after'));
    await schedule.run(10, never);
    expect(happened).toEqual(['before']);
  });

  it('who is paused has it all right after the pause, in order, and others have theirs meanwhile', async () => {
    const schedule = new Schedule();
    const process = owner();
    const happened: string[] = [];
    const note = (what: string) => (): void => {
      happened.push(`${what} ${String(schedule.now)}`);
    };
    schedule.at(1, undefined, () => {
      process.pausedUntil = 10;
    });
    schedule.at(3, process, note('second'));
    schedule.at(2, process, note('first'));
    schedule.at(4, undefined, note('other'));
    schedule.at(10, process, note('third'));
    await schedule.run(20, never);
    // One moment, and of those events the order in which they were asked for counts.
    expect(happened).toEqual(['other 4', 'second 10', 'first 10', 'third 10']);
  });

  it('a pause that is made longer holds up what was held up already', async () => {
    const schedule = new Schedule();
    const process = owner();
    process.pausedUntil = 10;
    let at = 0;
    schedule.at(1, process, () => {
      at = schedule.now;
    });
    schedule.at(5, undefined, () => {
      process.pausedUntil = 30;
    });
    await schedule.run(100, never);
    expect(at).toBe(30);
  });

  it('who ends while it is paused has nothing of it', async () => {
    const schedule = new Schedule();
    const process = owner();
    process.pausedUntil = 10;
    let happened = 0;
    schedule.at(1, process, () => {
      happened += 1;
    });
    schedule.at(5, undefined, () => {
      process.ended = true;
    });
    await schedule.run(100, never);
    expect(happened).toBe(0);
  });
});

describe('before the next event', () => {
  it('all promises have gone on that the one before brought about', async () => {
    const schedule = new Schedule();
    const happened: string[] = [];
    const chain = async (length: number): Promise<void> => {
      for (let link = 0; link < length; link++) await Promise.resolve();
    };
    async function* numbers(): AsyncGenerator<number> {
      for (let number = 0; number < 200; number++) {
        await chain(3);
        yield number;
      }
    }
    const work = async (): Promise<void> => {
      await chain(5000);
      let sum = 0;
      for await (const number of numbers()) sum += number;
      await Promise.all([chain(10), chain(700), chain(1)]);
      happened.push(`sum ${String(sum)}`);
    };
    schedule.at(1, undefined, () => {
      void work();
    });
    schedule.at(1, undefined, () => happened.push('next'));
    await schedule.run(10, never);
    expect(happened).toEqual(['sum 19900', 'next']);
  });
});

describe('a run', () => {
  it('ends at its moment, which is then now, and can be gone on with', async () => {
    const schedule = new Schedule();
    const happened: number[] = [];
    for (const at of [1, 10, 11]) schedule.at(at, undefined, () => happened.push(schedule.now));
    await schedule.run(10, never);
    expect(happened).toEqual([1, 10]);
    expect(schedule.now).toBe(10);
    await schedule.run(10.5, never);
    expect(schedule.now).toBe(10.5);
    await schedule.run(20, never);
    expect(happened).toEqual([1, 10, 11]);
    expect(schedule.now).toBe(20);
  });

  it('ends once it is done, right after the event that brought it about', async () => {
    const schedule = new Schedule();
    let count = 0;
    for (let at = 1; at <= 5; at++) {
      schedule.at(at, undefined, () => {
        count += 1;
      });
    }
    await schedule.run(100, () => count === 2);
    expect({ count, now: schedule.now }).toEqual({ count: 2, now: 2 });
  });

  it('counts as done what a promise of the event has brought about', async () => {
    const schedule = new Schedule();
    let done = false;
    schedule.at(1, undefined, () => {
      void Promise.resolve().then(() => {
        done = true;
      });
    });
    schedule.at(2, undefined, () => undefined);
    await schedule.run(100, () => done);
    expect(schedule.now).toBe(1);
  });

  it('fails with what an event throws', async () => {
    const schedule = new Schedule();
    schedule.at(1, undefined, () => {
      throw new RangeError('this event');
    });
    await expect(schedule.run(10, never)).rejects.toThrow('this event');
  });

  it('lets the real event loop have its turn', async () => {
    const schedule = new Schedule();
    let fired = false;
    setTimeout(() => {
      fired = true;
    }, 0);
    const again = (): void => {
      schedule.after(1, undefined, again);
    };
    again();
    // Far more events than one turn of the loop holds; without such turns none of them is enough.
    await schedule.run(1_000_000, () => fired);
    expect(fired).toBe(true);
    expect(schedule.now).toBeLessThan(1_000_000);
  });
});
