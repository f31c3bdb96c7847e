/** Group commit: the order, what goes together, and that the first failure is the last word. */
import { type IndexSpan, type LogIndex, type StorageOp, StorageFailedError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { type QueuedWrite, WriteQueue, type WriteQueueSetup } from '../src/index.ts';

/** A commit that a test ends when it likes. */
interface Commit {
  readonly indexes: readonly LogIndex[];
  end(): void;
  fail(cause: unknown): void;
}

class Scene {
  readonly queue: WriteQueue;
  /** Those under way or over, in order. */
  readonly commits: Commit[] = [];
  /** What has happened to writes, in order. */
  readonly events: string[] = [];

  constructor(setup: Partial<WriteQueueSetup> = {}) {
    this.queue = new WriteQueue({
      maxBatchBytes: 1000,
      commit: (group) => this.#commit(group),
      ...setup,
    });
  }

  /** A write of one record of so many bytes. */
  write(index: LogIndex, bytes: number = 10): void {
    const op: StorageOp = { type: 'put', index, record: new Uint8Array(bytes) };
    this.queue.write([op], { bytes, touched: { first: index, last: index } }).then(
      () => this.events.push(`${String(index)} durable`),
      (error: unknown) => {
        expect(error).toBeInstanceOf(StorageFailedError);
        this.events.push(`${String(index)} failed`);
      },
    );
  }

  async end(nth: number): Promise<void> {
    this.commits[nth]?.end();
    await settle();
  }

  #commit(group: readonly QueuedWrite[]): Promise<void> {
    const indexes = group.flatMap(({ ops }) =>
      ops.flatMap((op) => (op.type === 'put' ? [op.index] : [])),
    );
    return new Promise<void>((resolve, reject) => {
      this.commits.push({ indexes, end: resolve, fail: reject });
    });
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

function groups({ commits }: Scene): readonly (readonly LogIndex[])[] {
  return commits.map(({ indexes }) => indexes);
}

describe('a queue', () => {
  it('commits in the order of the calls, and what waits meanwhile together', async () => {
    const scene = new Scene();
    scene.write(1);
    scene.write(2);
    await settle();
    expect(groups(scene)).toEqual([[1, 2]]);
    for (const index of [3, 4, 5]) scene.write(index);
    await settle();
    expect(groups(scene)).toEqual([[1, 2]]);
    expect(scene.events).toEqual([]);
    await scene.end(0);
    expect(scene.events).toEqual(['1 durable', '2 durable']);
    expect(groups(scene)).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    await scene.end(1);
    expect(scene.events.slice(2)).toEqual(['3 durable', '4 durable', '5 durable']);
    expect(scene.queue.writes).toBe(5);
  });

  it('starts again after it was idle', async () => {
    const scene = new Scene();
    for (const index of [1, 2, 3]) {
      scene.write(index);
      await settle();
      await scene.end(index - 1);
    }
    expect(groups(scene)).toEqual([[1], [2], [3]]);
    expect(scene.events).toEqual(['1 durable', '2 durable', '3 durable']);
  });

  it('joins writes up to maxBatchBytes, and gives a larger one a batch of its own', async () => {
    const scene = new Scene({ maxBatchBytes: 100 });
    for (const [at, bytes] of [60, 40, 1, 100, 5000, 50, 51].entries()) scene.write(at + 1, bytes);
    for (let nth = 0; nth < 7; nth++) {
      await settle();
      await scene.end(nth);
    }
    expect(groups(scene)).toEqual([[1, 2], [3], [4], [5], [6], [7]]);
    expect(scene.events).toHaveLength(7);
  });

  it('takes a write that is called when a batch has just become durable', async () => {
    const scene = new Scene();
    scene.write(1);
    await settle();
    const { queue } = scene;
    const written: number[] = [];
    /** Each write follows from the one before, at every possible moment after its end. */
    for (let delay = 0; delay < 8; delay++) {
      const index = delay + 2;
      scene.commits.at(-1)?.end();
      for (let turn = 0; turn < delay; turn++) await Promise.resolve();
      scene.write(index);
      await settle();
      written.push(index);
      expect(groups(scene).flat()).toContain(index);
    }
    await scene.end(scene.commits.length - 1);
    expect(groups(scene).flat()).toEqual([1, ...written]);
    expect(scene.events).toHaveLength(9);
    await queue.close();
  });
});

describe('S5: a failure', () => {
  it('fails what was under way and what waits, and every write after it', async () => {
    const scene = new Scene({ maxBatchBytes: 20 });
    for (const index of [1, 2, 3, 4, 5]) scene.write(index);
    await settle();
    scene.commits[0]?.fail(new Error('EIO'));
    await settle();
    expect(scene.events).toEqual([1, 2, 3, 4, 5].map((index) => `${String(index)} failed`));
    scene.write(6);
    await settle();
    expect(scene.events.at(-1)).toBe('6 failed');
    // Nothing is tried again.
    expect(groups(scene)).toEqual([[1, 2]]);
    expect(scene.queue.failure).toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringContaining('EIO') as string,
    });
    await scene.queue.close();
  });

  it('keeps its words where the storage has some', async () => {
    const scene = new Scene();
    scene.write(1);
    await settle();
    const failure = new StorageFailedError('the disk is on fire; run');
    scene.commits[0]?.fail(failure);
    await settle();
    expect(scene.queue.failure).toBe(failure);
  });

  it('that is found elsewhere acknowledges nothing any more, even if the sync goes well', async () => {
    const scene = new Scene();
    scene.write(1);
    await settle();
    scene.write(2);
    scene.queue.fail(new Error('a segment cannot be made'));
    scene.queue.fail(new Error('another one'));
    await settle();
    expect(scene.events).toEqual(['1 failed', '2 failed']);
    await scene.end(0);
    expect(scene.events).toEqual(['1 failed', '2 failed']);
    expect(groups(scene)).toEqual([[1]]);
    expect(scene.queue.failure?.message).toContain('a segment cannot be made');
    await scene.queue.close();
  });

  it('from elsewhere stays what it is when the commit under way fails, too', async () => {
    const scene = new Scene();
    scene.write(1);
    await settle();
    scene.queue.fail(new Error('first'));
    scene.commits[0]?.fail(new Error('second'));
    await settle();
    expect(scene.queue.failure?.message).toContain('first');
  });
});

describe('close', () => {
  it('waits for every write that was called', async () => {
    const scene = new Scene({ maxBatchBytes: 10 });
    for (const index of [1, 2, 3]) scene.write(index);
    let closed = false;
    const closing = scene.queue.close().then(() => {
      closed = true;
    });
    for (const nth of [0, 1]) {
      await settle();
      await scene.end(nth);
      expect(closed).toBe(false);
    }
    await scene.end(2);
    expect(scene.events).toHaveLength(3);
    await closing;
  });

  it('waits for a commit under way also when it will not count any more', async () => {
    const scene = new Scene();
    scene.write(1);
    await settle();
    scene.queue.fail(new Error('elsewhere'));
    let closed = false;
    const closing = scene.queue.close().then(() => {
      closed = true;
    });
    await settle();
    expect(closed).toBe(false);
    await scene.end(0);
    await closing;
  });

  it('is at once where there is nothing, and can be called again', async () => {
    const scene = new Scene();
    await scene.queue.close();
    await scene.queue.close();
    expect(groups(scene)).toEqual([]);
  });
});

describe('work without a write', () => {
  it('is done at the start, between writes, and as long as there is some', async () => {
    let left = 2;
    const scene = new Scene({ unfinished: () => left > 0 });
    await settle();
    expect(groups(scene)).toEqual([[]]);
    scene.write(1);
    left = 1;
    await scene.end(0);
    expect(groups(scene)).toEqual([[], [1]]);
    await scene.end(1);
    expect(groups(scene)).toEqual([[], [1], []]);
    left = 0;
    await scene.end(2);
    expect(groups(scene)).toHaveLength(3);
  });

  it('is left when the queue is closed', async () => {
    const scene = new Scene({ unfinished: () => true });
    scene.write(1);
    await settle();
    const closing = scene.queue.close();
    await scene.end(0);
    await closing;
    expect(groups(scene)).toEqual([[1]]);
    expect(scene.events).toEqual(['1 durable']);
  });

  it('that fails fails everything', async () => {
    const scene = new Scene({ unfinished: () => true });
    await settle();
    scene.write(1);
    scene.commits[0]?.fail(new Error('EIO'));
    await settle();
    expect(scene.events).toEqual(['1 failed']);
    expect(groups(scene)).toEqual([[]]);
  });
});

describe('a read', () => {
  const outcome = async (scene: Scene, span: IndexSpan): Promise<() => string> => {
    let state = 'waits';
    scene.queue.settled(span).then(
      () => {
        state = 'goes on';
      },
      () => {
        state = 'fails';
      },
    );
    await settle();
    return () => state;
  };

  it('waits for the writes that touch what it reads, and for no other', async () => {
    const scene = new Scene({ maxBatchBytes: 10 });
    expect((await outcome(scene, { first: 1, last: 9 }))()).toBe('goes on');
    for (const index of [1, 5, 9, 5]) scene.write(index);
    await settle();
    const other = await outcome(scene, { first: 2, last: 4 });
    const flying = await outcome(scene, { first: 0, last: 1 });
    const waiting = await outcome(scene, { first: 3, last: 7 });
    const states = (): readonly string[] => [other(), flying(), waiting()];
    expect(states()).toEqual(['goes on', 'waits', 'waits']);
    await scene.end(0);
    expect(states()).toEqual(['goes on', 'goes on', 'waits']);
    await scene.end(1);
    await scene.end(2);
    // The last of those that touch it.
    expect(states()).toEqual(['goes on', 'goes on', 'waits']);
    await scene.end(3);
    expect(states()).toEqual(['goes on', 'goes on', 'goes on']);
  });

  it('fails with the writes', async () => {
    const scene = new Scene();
    scene.write(1);
    await settle();
    const waiting = await outcome(scene, { first: 1, last: 1 });
    scene.commits[0]?.fail(new Error('EIO'));
    await settle();
    expect(waiting()).toBe('fails');
    expect((await outcome(scene, { first: 100, last: 100 }))()).toBe('fails');
  });
});
