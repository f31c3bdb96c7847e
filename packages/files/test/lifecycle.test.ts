/** The life of a storage, in every order in which it can be lived. */
import { CorruptError, type Recovered } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { Lifecycle } from '../src/index.ts';

const recovered: Recovered = {
  state: undefined,
  records: undefined,
  snapshot: undefined,
  lastRecord: undefined,
};

/** Steps that take some turns, and note when they begin and end. */
class Steps {
  readonly events: string[] = [];
  readonly failures: Readonly<Record<string, Error>>;
  readonly turns: number;

  constructor(turns: number = 3, failures: Readonly<Record<string, Error>> = {}) {
    this.turns = turns;
    this.failures = failures;
  }

  readonly open = async (): Promise<Recovered> => {
    await this.#step('open');
    return recovered;
  };

  readonly close = (): Promise<void> => this.#step('close');

  readonly letGo = (): Promise<void> => this.#step('let go');

  async #step(name: string): Promise<void> {
    this.events.push(name);
    for (let turn = 0; turn < this.turns; turn++) await Promise.resolve();
    const failure = this.failures[name];
    this.events.push(failure === undefined ? `${name} done` : `${name} failed`);
    if (failure !== undefined) throw failure;
  }
}

const openSteps = ['open', 'open done'];
const endSteps = ['close', 'close done', 'let go', 'let go done'];

function isOpen(life: Lifecycle): boolean {
  try {
    life.checkOpen();
    return true;
  } catch (error) {
    expect(error).toMatchObject({ code: 'CLOSED' });
    return false;
  }
}

describe('a life', () => {
  it('is opened, used, closed', async () => {
    const life = new Lifecycle();
    const steps = new Steps();
    expect(isOpen(life)).toBe(false);
    const opening = life.open(steps);
    expect(isOpen(life)).toBe(false);
    expect(await opening).toBe(recovered);
    expect(isOpen(life)).toBe(true);
    const closing = life.close(steps);
    // At once: nothing that is called behind a close gets in.
    expect(isOpen(life)).toBe(false);
    await closing;
    expect(steps.events).toEqual([...openSteps, ...endSteps]);
  });

  it('is opened once', async () => {
    const life = new Lifecycle();
    const steps = new Steps();
    const opening = life.open(steps);
    await expect(life.open(steps)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await opening;
    await expect(life.open(steps)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await life.close(steps);
    await expect(life.open(steps)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(steps.events).toEqual([...openSteps, ...endSteps]);
  });

  it('is closed once, for everybody who asks', async () => {
    const life = new Lifecycle();
    const steps = new Steps();
    await life.open(steps);
    const first = life.close(steps);
    const second = life.close(steps);
    await Promise.all([first, second, life.close(steps)]);
    await life.close(steps);
    expect(steps.events).toEqual([...openSteps, ...endSteps]);
  });

  it('that was never opened is closed without any step, and cannot be opened then', async () => {
    const life = new Lifecycle();
    const steps = new Steps();
    const closing = life.close(steps);
    await expect(life.open(steps)).rejects.toMatchObject({ code: 'CLOSED' });
    await closing;
    await life.close(steps);
    expect(steps.events).toEqual([]);
  });

  it('is let go of also when it cannot be closed well', async () => {
    const life = new Lifecycle();
    const steps = new Steps(3, { close: new Error('EIO') });
    await life.open(steps);
    await expect(life.close(steps)).rejects.toThrow('EIO');
    await expect(life.close(steps)).rejects.toThrow('EIO');
    expect(steps.events).toEqual([...openSteps, 'close', 'close failed', 'let go', 'let go done']);
  });
});

describe('an open that fails', () => {
  it('lets go, and says what is wrong in the words of a storage', async () => {
    const life = new Lifecycle();
    const steps = new Steps(3, { open: new Error('EACCES') });
    await expect(life.open(steps)).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('EACCES') as string,
    });
    expect(isOpen(life)).toBe(false);
    expect(steps.events).toEqual(['open', 'open failed', 'let go', 'let go done']);
    await life.close(steps);
    await expect(life.open(steps)).rejects.toMatchObject({ code: 'CLOSED' });
    expect(steps.events).toHaveLength(4);
  });

  it('keeps its own words where it has some', async () => {
    const failure = new CorruptError('the mark is damaged');
    const life = new Lifecycle();
    await expect(life.open(new Steps(3, { open: failure }))).rejects.toBe(failure);
  });

  it('tells its own reason when letting go fails, too', async () => {
    const steps = new Steps(3, { open: new CorruptError('damaged'), 'let go': new Error('EIO') });
    await expect(new Lifecycle().open(steps)).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('at once is no different from one that fails later', async () => {
    const life = new Lifecycle();
    const steps = new Steps();
    const open = (): Promise<Recovered> => {
      throw new Error('at once');
    };
    await expect(life.open({ open, letGo: steps.letGo })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    await life.close(steps);
    expect(steps.events).toEqual(['let go', 'let go done']);
  });
});

// Steps of different lengths, and a close at every moment from before the open until after it.
describe.each([0, 1, 2, 5])('with steps of %d turns, a close at any moment', (turns) => {
  const moments = Array.from({ length: 20 }, (_, at) => at);

  it.each(moments)('closes what was opened, after %d turns', async (moment) => {
    const life = new Lifecycle();
    const steps = new Steps(turns);
    const opening = life.open(steps);
    for (let turn = 0; turn < moment; turn++) await Promise.resolve();
    await life.close(steps);
    expect(steps.events).toEqual([...openSteps, ...endSteps]);
    // Whoever opened is told that it went well, as it did; it is closed by now all the same.
    expect(await opening).toBe(recovered);
    expect(isOpen(life)).toBe(false);
  });

  it.each(moments)('ends after an open that fails has let go, after %d turns', async (moment) => {
    const life = new Lifecycle();
    const steps = new Steps(turns, { open: new Error('EIO') });
    const opening = life.open(steps);
    opening.catch(() => undefined);
    for (let turn = 0; turn < moment; turn++) await Promise.resolve();
    await life.close(steps);
    expect(steps.events).toEqual(['open', 'open failed', 'let go', 'let go done']);
    await expect(opening).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
  });
});
