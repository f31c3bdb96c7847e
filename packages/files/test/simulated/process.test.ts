/** Processes on the simulated disk: how they end, and what becomes of what they have under way. */
import { type Runtime, seededRandom, systemRuntime, type Timer } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { writeAll } from '../../src/index.ts';
import type { Loss } from '../../src/simulated/index.ts';
import { expectBytes, put, sample } from '../grounds.ts';
import {
  durableFile,
  filled,
  found,
  isSettled,
  makeDisk,
  namesIn,
  readAll,
  sectorBytes,
  underSeeds,
} from './harness.ts';

/** Runs timers when told to. */
function manualRuntime(): Runtime & {
  advance(ms: number): Promise<void>;
  readonly timers: number;
} {
  let now = 0;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    ...systemRuntime,
    now: () => now,
    setTimer: (ms, run): Timer => {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return {
        cancel: () => {
          timers = timers.filter((other) => other !== timer);
        },
      };
    },
    get timers() {
      return timers.length;
    },
    advance: async (ms) => {
      now += ms;
      const due = timers.filter(({ at }) => at <= now).sort((left, right) => left.at - right.at);
      timers = timers.filter(({ at }) => at > now);
      for (const { run } of due) run();
      for (let turn = 0; turn < 30; turn++) await Promise.resolve();
    },
  };
}

describe('the count of operations', () => {
  it('counts what changes the disk, and nothing else', async () => {
    const { disk, files } = await makeDisk();
    const before = disk.operations;
    const file = await files.open('/data/x', 'create');
    await file.write([filled(1)], 0);
    await file.truncate(100);
    await file.sync();
    await files.rename('/data/x', '/data/y');
    await files.syncFolder('/data');
    await files.remove('/data/y');
    await files.makeFolder('/data/z');
    expect(disk.operations).toBe(before + 8);
    await file.read(new Uint8Array(1), 0);
    await file.size();
    await file.close();
    await files.list('/data');
    await files.lock('/data/lock');
    await (await files.open('/data/lock', 'read')).close();
    expect(disk.operations).toBe(before + 8);
    expect(disk.counts).toMatchObject({ create: 1, write: 1, sync: 1, read: 1, open: 1, lock: 1 });
  });
});

describe('a power loss', () => {
  it('happens right before the operation that it was set for', async () => {
    /** A scene of five operations. @returns how many ended well. */
    const scene = async (nth: number, loss: Loss): Promise<readonly [number, string, string]> => {
      const { disk, files } = await makeDisk();
      disk.crashAt(nth, loss);
      let done = 0;
      const steps = async (): Promise<void> => {
        const file = await files.open('/data/x', 'create');
        done++;
        await file.write([filled(1, 10)], 0);
        done++;
        await file.sync();
        done++;
        await files.syncFolder('/data');
        done++;
        await files.rename('/data/x', '/data/y');
        done++;
      };
      if (nth <= 5) {
        await expect(steps()).rejects.toMatchObject({ code: 'EIO' });
        expect(disk.crashed).toBe(true);
      } else {
        await steps();
        expect(disk.crashed).toBe(false);
        return [done, '', ''];
      }
      const names = await namesIn(disk, '/data');
      const [name] = names;
      const content = name === undefined ? undefined : await found(disk, `/data/${name}`);
      return [done, names.join(), content?.join('') ?? ''];
    };
    const ten = '1'.repeat(10);
    expect(await scene(1, 'nothing')).toEqual([0, '', '']);
    expect(await scene(2, 'nothing')).toEqual([1, 'x', '']);
    expect(await scene(3, 'nothing')).toEqual([2, 'x', ten]);
    expect(await scene(4, 'nothing')).toEqual([3, 'x', ten]);
    expect(await scene(5, 'nothing')).toEqual([4, 'x', ten]);
    expect(await scene(6, 'nothing')).toEqual([5, '', '']);
    for (const nth of [1, 2, 3, 4]) {
      expect(await scene(nth, 'unsynced')).toEqual([nth - 1, '', '']);
    }
    expect(await scene(5, 'unsynced')).toEqual([4, 'x', ten]);
  });

  it('is armed anew by each call, and happens once', async () => {
    const { disk, files } = await makeDisk();
    disk.crashAt(1, 'unsynced');
    disk.crashAt(3, 'unsynced');
    await put(files, '/data/x', filled(1));
    expect(disk.crashed).toBe(false);
    await expect(files.remove('/data/x')).rejects.toThrow('EIO');
    expect(disk.crashed).toBe(true);
    const again = disk.files();
    for (let at = 0; at < 5; at++) await put(again, `/data/${String(at)}`, filled(1));
    disk.crashAt(100, 'unsynced');
    expect(disk.crashed).toBe(false);
    disk.crash();
    expect(disk.crashed).toBe(true);
    disk.crashAt(1, 'unsynced');
    disk.heal();
    await put(disk.files(), '/data/x', filled(1));
  });

  it('ends the process: everything under way and everything later rejects', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    const end = await files.lock('/data/lock');
    const underWay = [
      file.write([filled(2)], 0),
      files.list('/data'),
      files.open('/data/x', 'read'),
      files.rename('/data/x', '/data/y'),
    ];
    disk.crash('nothing');
    await Promise.allSettled(underWay);
    for (const promise of underWay) await expect(promise).rejects.toMatchObject({ code: 'EIO' });
    for (const call of [
      () => file.read(new Uint8Array(1), 0),
      () => file.write([filled(2)], 0),
      () => file.truncate(0),
      () => file.sync(),
      () => file.size(),
      () => files.open('/data/x', 'read'),
      () => files.open('/data/z', 'create'),
      () => files.rename('/data/x', '/data/y'),
      () => files.remove('/data/x'),
      () => files.list('/data'),
      () => files.makeFolder('/data/z'),
      () => files.syncFolder('/data'),
      () => files.lock('/data/lock'),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'EIO' });
    }
    // There is no failing to let go.
    await file.close();
    await end();
    // A new process is none the worse for it.
    const again = disk.files();
    await again.lock('/data/lock');
    await (await again.open('/data/x', 'read').catch(() => again.open('/data/y', 'read'))).close();
  });

  it('leaves nothing of an operation to come when it is unsynced that is lost', async () => {
    await underSeeds(30, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1));
      const cut = [file.write([filled(2)], 0), files.rename('/data/x', '/data/y')];
      disk.crash('unsynced');
      await Promise.allSettled(cut);
      await isSettled(Promise.resolve());
      expect(await namesIn(disk, '/data')).toEqual(['x']);
      expectBytes(await found(disk, '/data/x'), filled(1));
    });
  });

  it('otherwise what was under way may have happened', async () => {
    const outcomes = await underSeeds(60, async (random) => {
      const { disk, files } = await makeDisk({ random });
      await durableFile(files, '/data/x', filled(1));
      const cut = files.rename('/data/x', '/data/y');
      disk.crash('nothing');
      await expect(cut).rejects.toThrow();
      return (await namesIn(disk, '/data')).join();
    });
    expect(new Set(outcomes)).toEqual(new Set(['x', 'y']));
  });

  it('takes what a sync under way has not made durable', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    await file.write([filled(2)], 0);
    const sync = file.sync();
    disk.crash('unsynced');
    await expect(sync).rejects.toThrow('EIO');
    expectBytes(await found(disk, '/data/x'), filled(1));
  });

  it('frees the space of files that it takes', async () => {
    const { disk, files } = await makeDisk({ capacityBytes: 10 * sectorBytes });
    await put(files, '/data/x', filled(1, 10 * sectorBytes));
    await expect(put(files, '/data/y', filled(1))).rejects.toMatchObject({ code: 'ENOSPC' });
    disk.crash('unsynced');
    await put(disk.files(), '/data/y', filled(1, 10 * sectorBytes));
  });
});

describe('a kill', () => {
  it('loses nothing, and leaves it as unsynced as it was', async () => {
    const { disk, files } = await makeDisk();
    await durableFile(files, '/data/x', filled(1));
    const file = await files.open('/data/x', 'write');
    await writeAll(file, [filled(2)], 0);
    await put(files, '/data/y', filled(3));
    disk.kill();
    await expect(file.size()).rejects.toMatchObject({ code: 'EIO' });
    expectBytes(await found(disk, '/data/x'), filled(2));
    expectBytes(await found(disk, '/data/y'), filled(3));
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), filled(1));
    expect(await namesIn(disk, '/data')).toEqual(['x']);
  });

  it('is no power loss, and the next process can sync what it left', async () => {
    const { disk, files } = await makeDisk();
    await put(files, '/data/x', filled(1));
    disk.kill();
    expect(disk.crashed).toBe(false);
    const again = disk.files();
    await (await again.open('/data/x', 'write')).sync();
    await again.syncFolder('/data');
    disk.crash('unsynced');
    expectBytes(await found(disk, '/data/x'), filled(1));
  });

  it('ends locks and handles, and with them files that have no name', async () => {
    const { disk, files } = await makeDisk({ capacityBytes: 10 * sectorBytes });
    await files.lock('/data/lock');
    const file = await files.open('/data/x', 'create');
    await writeAll(file, [filled(1, 10 * sectorBytes)], 0);
    await files.remove('/data/x');
    await expect(put(files, '/data/y', filled(1))).rejects.toMatchObject({ code: 'ENOSPC' });
    disk.kill();
    const again = disk.files();
    await again.lock('/data/lock');
    await put(again, '/data/z', filled(1, 10 * sectorBytes));
  });

  it('leaves what a sync under way was to cover dirty, or has it covered', async () => {
    const outcomes = await underSeeds(40, async (random) => {
      const { disk, files } = await makeDisk({ random });
      const file = await durableFile(files, '/data/x', filled(1));
      await file.write([filled(2)], 0);
      file.sync().catch(() => undefined);
      disk.kill();
      expectBytes(await found(disk, '/data/x'), filled(2));
      disk.crash('unsynced');
      return (await found(disk, '/data/x'))?.[0];
    });
    expect(new Set(outcomes)).toEqual(new Set([1, 2]));
  });
});

describe('the file system of a disk', () => {
  it('is the same until the process ends', async () => {
    const { disk, files } = await makeDisk();
    expect(disk.files()).toBe(files);
    disk.kill();
    const second = disk.files();
    expect(second).not.toBe(files);
    disk.crash();
    expect(disk.files()).not.toBe(second);
  });

  it('refuses a change of a file while another change of it is under way', async () => {
    const { files } = await makeDisk();
    const file = await files.open('/data/x', 'create');
    const write = file.write([filled(1)], 0);
    await expect(file.sync()).rejects.toThrow('changed twice at the same time');
    await write;
    await file.sync();
  });

  it('ends operations on different things in any order', async () => {
    const outcomes = await underSeeds(40, async (random) => {
      const { files } = await makeDisk({ random });
      const order: string[] = [];
      const note = (name: string) => (): void => {
        order.push(name);
      };
      await Promise.all([
        put(files, '/data/a', filled(1)).then(note('a')),
        put(files, '/data/b', filled(1)).then(note('b')),
      ]);
      return order.join();
    });
    expect(new Set(outcomes)).toEqual(new Set(['a,b', 'b,a']));
  });

  it('finds out who does not wait for a rename before the sync of the folder', async () => {
    const outcomes = await underSeeds(40, async (random) => {
      const { disk, files } = await makeDisk({ random });
      await durableFile(files, '/data/x', filled(1));
      const renamed = files.rename('/data/x', '/data/y');
      await files.syncFolder('/data');
      await renamed;
      disk.crash('unsynced');
      return (await namesIn(disk, '/data')).join();
    });
    // Never: the sync covers what had taken effect when it was called.
    expect(new Set(outcomes)).toEqual(new Set(['x']));
  });

  it('takes the bytes of a write when it takes effect, not when it is called', async () => {
    const { files } = await makeDisk();
    const file = await files.open('/data/x', 'create');
    const bytes = filled(1);
    const write = file.write([bytes], 0);
    bytes.fill(2);
    await write;
    bytes.fill(3);
    expectBytes(await readAll(file), filled(2));
  });
});

describe('a slow disk', () => {
  it('takes its time over every operation, on the clock of the runtime', async () => {
    const runtime = manualRuntime();
    const { disk, files } = await (async () => {
      const making = makeDisk({ runtime, latencyMs: [5, 10] });
      await runtime.advance(10);
      return making;
    })();
    const opening = files.open('/data/x', 'create');
    await runtime.advance(4.9);
    expect(await isSettled(opening)).toBe(false);
    await runtime.advance(5.1);
    const file = await opening;
    const write = file.write([filled(1)], 0);
    const reading = file.size();
    await runtime.advance(10);
    expect(await write).toBe(sectorBytes);
    expect([0, sectorBytes]).toContain(await reading);
    // A power loss takes the timers along.
    const sync = file.sync();
    expect(runtime.timers).toBe(1);
    disk.crash();
    expect(runtime.timers).toBe(0);
    await expect(sync).rejects.toThrow('EIO');
  });
});

describe('a stall', () => {
  it('holds every operation until it ends', async () => {
    const { disk, files } = await makeDisk();
    const file = await durableFile(files, '/data/x', filled(1));
    disk.stall();
    const write = file.write([filled(2)], 0);
    const list = files.list('/data');
    expect(await isSettled(Promise.race([write, list]))).toBe(false);
    disk.resume();
    expect(await write).toBe(sectorBytes);
    expect(await list).toEqual(['x']);
    await file.sync();
  });

  it('or only those of some kinds', async () => {
    const { disk, files } = await makeDisk();
    const file = await files.open('/data/x', 'create');
    disk.stall('sync', 'syncFolder');
    await file.write([filled(1)], 0);
    const syncs = [file.sync(), files.syncFolder('/data')];
    expect(await isSettled(Promise.race(syncs))).toBe(false);
    expectBytes(await readAll(file), filled(1));
    disk.resume();
    await Promise.all(syncs);
  });

  it('is over after a power loss', async () => {
    const { disk, files } = await makeDisk();
    disk.stall();
    const list = files.list('/data');
    disk.crash();
    await expect(list).rejects.toThrow('EIO');
    expect(await disk.files().list('/')).toEqual(['data']);
  });
});

it('the same seed and calls give the same run', async () => {
  const losses: readonly Loss[] = ['partly', 'garbage', 'nothing', 'unsynced'];
  /** A digest of some confused life. */
  const scene = async (seed: number): Promise<string> => {
    const [first] = await underSeeds(1, async () => {
      const random = seededRandom(seed);
      const { disk } = await makeDisk({ random: random.fork(), shortWrites: 0.2 });
      let text = '';
      for (let life = 0; life < 12; life++) {
        disk.crashAt(1 + random.below(40), random.pick(losses));
        const files = disk.files();
        await Promise.allSettled(
          [1, 2, 3].map(async (name) => {
            for (let turn = 0; turn < 8; turn++) {
              const path = `/data/${String(name)}`;
              const file = await files.open(path, 'write').catch(() => files.open(path, 'create'));
              await writeAll(file, [sample(life, random.below(2000))], random.below(1000));
              if (random.chance(0.3)) await file.sync();
              if (random.chance(0.3)) await files.syncFolder('/data');
              if (random.chance(0.2)) await files.rename(path, `${path}x`);
              await file.close();
            }
          }),
        );
        if (!disk.crashed) disk.crash(random.pick(losses));
        const image = disk.image();
        for (const path of image.paths()) text += `${path}=${String(image.read(path)?.join())};`;
      }
      return text;
    });
    return first ?? '';
  };
  const runs = [await scene(1), await scene(1), await scene(2)];
  expect(runs[0]).not.toBe('');
  expect(runs[1]).toBe(runs[0]);
  expect(runs[2]).not.toBe(runs[0]);
});
