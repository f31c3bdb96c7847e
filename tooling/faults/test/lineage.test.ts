/**
 * A folder with a history, on disks in memory: one that behaves, and ones that lose, change or make
 * up something. Each must be noticed.
 */
import {
  type LogIndex,
  type Recovered,
  seededRandom,
  type SnapshotStore,
  type Storage,
  StorageFailedError,
} from '@quorate/core';
import { type MemoryDisk, memoryDisk } from '@quorate/storage-memory';
import { describe, expect, it } from 'vitest';
import { check } from '../src/processes/check.ts';
import { eventOf, type LifeEvent, lineOf } from '../src/processes/events.ts';
import { live } from '../src/processes/life.ts';
import type { ProcessOrder } from '../src/processes/order.ts';
import type { Host } from '../src/scenarios/host.ts';
import { Lineage } from '../src/scenarios/lineage.ts';

/** What is done to a storage before anybody works with it. */
type Tamper = (storage: Storage) => Storage;

/** Opens storages in this process. */
class MemoryHost implements Host {
  disk: MemoryDisk = memoryDisk({ random: seededRandom(1), retainSnapshots: 2 });
  /** Applies to whoever looks. */
  tamper: Tamper = (storage) => storage;
  /** The disk loses its power with this event. */
  crashAt: { readonly event: LifeEvent['type']; readonly nth: number } | undefined;

  readonly run: Host['run'] = async (given, { onEvent }, take) => {
    const order = JSON.parse(JSON.stringify(given)) as ProcessOrder;
    let left = this.crashAt?.nth ?? 0;
    let dead = false;
    const victim = {
      kill: (): void => {
        dead = true;
        this.disk.crash();
      },
    };
    const say = (event: LifeEvent): void => {
      // Whoever is dead says no more.
      if (dead) return;
      const read = eventOf(lineOf(event).trimEnd());
      take(read);
      onEvent?.(read, victim);
      if (event.type === this.crashAt?.event && --left === 0) victim.kill();
    };
    const create = (): Storage => this.tamper(this.disk.storage());
    if (order.type === 'live') await live(create(), order, say);
    else await check(create, order, say);
    return { code: 0, stderr: '', late: false, killed: dead };
  };
}

function lineageOn(host: Host, seed: number = 1): Lineage {
  return new Lineage({ host, storage: 'memory', seed, directory: 'anywhere' });
}

/** A storage that is the same but for some of its parts. */
function altered(storage: Storage, parts: Partial<Storage>): Storage {
  return {
    open: (owner) => storage.open(owner),
    write: (ops) => storage.write(ops),
    read: (from, to, maxBytes) => storage.read(from, to, maxBytes),
    close: () => storage.close(),
    snapshots: storage.snapshots,
    ...parts,
  };
}

function opening(storage: Storage, change: (recovered: Recovered) => Partial<Recovered>): Storage {
  return altered(storage, {
    open: async (owner) => {
      const recovered = await storage.open(owner);
      return { ...recovered, ...change(recovered) };
    },
  });
}

/** Takes one record out of every answer. */
function without(storage: Storage, chosen: (span: Span) => LogIndex): Storage {
  let gone: LogIndex | undefined;
  return altered(storage, {
    open: async (owner) => {
      const recovered = await storage.open(owner);
      if (recovered.records !== undefined) gone = chosen(recovered.records);
      return recovered;
    },
    read: async (from, to, maxBytes) =>
      (await storage.read(from, to, maxBytes)).filter(({ index }) => index !== gone),
  });
}

type Span = NonNullable<Recovered['records']>;

/** One wrong bit in the record that is present before all others. */
function withWrongBit(storage: Storage): Storage {
  return altered(storage, {
    read: async (from, to, maxBytes) => {
      const records = await storage.read(from, to, maxBytes);
      if (from > 1) return records;
      return records.map(({ index, record }, at) => ({
        index,
        record: at === 3 ? flipped(record) : record,
      }));
    },
  });
}

function flipped(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[0] = (copy[0] ?? 0) ^ 1;
  return copy;
}

function withSnapshots(storage: Storage, parts: Partial<SnapshotStore>): Storage {
  const { snapshots } = storage;
  return altered(storage, {
    snapshots: {
      current: () => snapshots.current(),
      list: () => snapshots.list(),
      stage: (name) => snapshots.stage(name),
      read: (id) => snapshots.read(id),
      ...parts,
    },
  });
}

const plants: readonly {
  readonly what: string;
  readonly tamper: Tamper;
  readonly problem: RegExp;
}[] = [
  {
    what: 'a hole in the log',
    tamper: (storage) => without(storage, ({ first, last }) => Math.floor((first + last) / 2)),
    problem: /^lost: what is there is not what 80 to 80 writes leave: record \d+ is gone$/,
  },
  {
    what: 'a last record that is gone',
    tamper: (storage) => without(storage, ({ last }) => last),
    problem: /^lost: the records that can be read are not those that the open named$/,
  },
  {
    what: 'a first record that is gone',
    tamper: (storage) => without(storage, ({ first }) => first),
    problem: /^lost: the records that can be read are not those that the open named$/,
  },
  {
    what: 'a wrong bit',
    tamper: withWrongBit,
    problem: /: record \d+ is \d+:\w{8}, not \d+:\w{8}$/,
  },
  {
    what: 'a state that is gone',
    tamper: (storage) => opening(storage, () => ({ state: undefined })),
    problem: /: the state is nothing, not \d+:\w{8}$/,
  },
  {
    what: 'a state with a wrong bit',
    tamper: (storage) =>
      opening(storage, ({ state }) => ({ state: flipped(state ?? new Uint8Array(1)) })),
    problem: /: the state is \d+:\w{8}, not \d+:\w{8}$/,
  },
  {
    what: 'a last record that is another one',
    tamper: (storage) => opening(storage, () => ({ lastRecord: new Uint8Array(3) })),
    problem: /: the last record is 3:\w{8}, not \d+:\w{8}$/,
  },
  {
    what: 'a snapshot that is gone',
    tamper: (storage) =>
      withSnapshots(
        opening(storage, () => ({ snapshot: undefined })),
        { list: () => [] },
      ),
    problem: /: the snapshot is nothing, not at \d+, context \d+:\w{8}, content \d+:\w{8}$/,
  },
  {
    what: 'a snapshot that is an older one',
    tamper: (storage) =>
      withSnapshots(
        opening(storage, () => ({ snapshot: storage.snapshots.list()[1] })),
        { list: () => storage.snapshots.list().slice(1) },
      ),
    problem: /: the snapshot is at \d+, context \d+:\w{8}, content .*, not at \d+/,
  },
  {
    what: 'a snapshot whose content has a wrong bit',
    tamper: (storage) =>
      withSnapshots(storage, {
        read: async (id) => {
          const reader = await storage.snapshots.read(id);
          return {
            info: reader.info,
            close: () => reader.close(),
            read: async (offset, maxBytes) => {
              const piece = await reader.read(offset, maxBytes);
              return piece.length > 0 ? flipped(piece) : piece;
            },
          };
        },
      }),
    problem: /^lost: the content of snapshot .* is not what its description says/,
  },
];

const quiet = { writes: 80, inFlight: 6 };

describe('a folder with a history', () => {
  it('is found as it was left, life after life', async () => {
    const lineage = lineageOn(new MemoryHost());
    for (let life = 0; life < 8; life++) {
      const { trail, problems } = await lineage.live(quiet);
      expect(problems).toEqual([]);
      expect(trail).toMatchObject({ acknowledgements: 80, acknowledged: 80, closed: true });
      expect(await lineage.check()).toEqual({ problems: [], beyond: 0, closed: false });
    }
  });

  it('is found as it was left after losses of power', async () => {
    const host = new MemoryHost();
    const lineage = lineageOn(host, 5);
    const random = seededRandom(5);
    let killed = 0;
    let resumed = 0;
    const onEvent = (event: LifeEvent): void => {
      if (event.type === 'staging' && event.from > 0) resumed++;
    };
    for (let life = 0; life < 40; life++) {
      const event = random.pick(['called', 'acknowledged', 'staging', 'publishing'] as const);
      host.crashAt = { event, nth: 1 + random.below(event === 'called' ? 70 : 3) };
      const lived = await lineage.live({ ...quiet, onEvent });
      expect(lived.problems).toEqual([]);
      if (lived.killed) killed++;
      host.crashAt = undefined;
      expect(await lineage.check()).toMatchObject({ problems: [] });
    }
    expect(killed).toBeGreaterThan(20);
    expect(resumed).toBeGreaterThan(0);
  });

  it('is not asked for anything before it is known how far the last life came', async () => {
    const lineage = lineageOn(new MemoryHost());
    await lineage.live(quiet);
    await expect(lineage.live(quiet)).rejects.toThrow('check how far the last life came');
  });

  it('may be copied while a life goes on, and both go on from what each has seen', async () => {
    const host = new MemoryHost();
    const lineage = lineageOn(host);
    await lineage.live(quiet);
    const branch = lineage.branch('elsewhere', 80);
    expect(await branch.check({ writes: 0 })).toEqual({ problems: [], beyond: 0, closed: false });
    expect(await lineage.check()).toMatchObject({ problems: [] });
  });

  it('may refuse with STORAGE_FAILED where there is a fault, and only there', async () => {
    const host = new MemoryHost();
    const lineage = lineageOn(host);
    host.disk.failWrite(30);
    const { trail, problems } = await lineage.live({ ...quiet, faulty: true });
    expect(problems).toEqual([]);
    expect(trail.acknowledged).toBeLessThan(30);
    expect(trail.refusals.length).toBeGreaterThan(0);
    expect(await lineage.check()).toMatchObject({ problems: [], closed: false });
    host.disk.failWrite(30);
    const again = await lineage.live(quiet);
    expect(again.problems[0]).toMatchObject({ kind: 'refused' });
  });

  it('may stay closed while the fault lasts, and only then', async () => {
    const host = new MemoryHost();
    const lineage = lineageOn(host);
    await lineage.live(quiet);
    host.tamper = (storage) =>
      altered(storage, { open: () => Promise.reject(new StorageFailedError('no space')) });
    const refused = { closed: true, beyond: 0 };
    expect(await lineage.check({ mayRefuse: true })).toEqual({ ...refused, problems: [] });
    expect(await lineage.check()).toMatchObject({ ...refused, problems: [{ kind: 'refused' }] });
    host.tamper = (storage) => storage;
    expect(await lineage.check()).toMatchObject({ problems: [] });
  });

  it.each(plants)('notices $what', async ({ tamper, problem }) => {
    const host = new MemoryHost();
    const lineage = lineageOn(host);
    await lineage.live(quiet);
    host.tamper = tamper;
    const { problems } = await lineage.check({ writes: 0 });
    expect(problems.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
      expect.stringMatching(problem),
    ]);
    // It was the storage that was wrong, not the look at it.
    host.tamper = (storage) => storage;
    expect(await lineage.check()).toMatchObject({ problems: [] });
  });

  it('notices a write that was acknowledged and is gone after a loss of power', async () => {
    const host = new MemoryHost();
    const lineage = lineageOn(host);
    host.crashAt = { event: 'acknowledged', nth: 30 };
    // It does not wait until a write is durable.
    host.tamper = (storage) =>
      altered(storage, {
        write: async (ops) => {
          storage.write(ops).catch(() => undefined);
        },
      });
    host.disk.stall();
    await lineage.live(quiet);
    host.crashAt = undefined;
    host.tamper = (storage) => storage;
    expect((await lineage.check()).problems).toMatchObject([{ kind: 'lost' }]);
  });

  it('notices a write that is acknowledged after another was refused', async () => {
    const host = new MemoryHost();
    let writes = 0;
    host.tamper = (storage) =>
      altered(storage, {
        write: (ops) =>
          ++writes === 20 ? Promise.reject(new StorageFailedError('once')) : storage.write(ops),
      });
    const { problems } = await lineageOn(host).live({ writes: 40, inFlight: 1, faulty: true });
    expect(problems).toContainEqual({
      kind: 'broken',
      message: 'write 21 was acknowledged after 20 was refused',
    });
  });

  it('notices a storage that is of no use afterwards', async () => {
    const host = new MemoryHost();
    const lineage = lineageOn(host);
    await lineage.live(quiet);
    let opened = 0;
    // What is written after the look is gone the next time.
    host.tamper = (storage) =>
      opened++ === 0 ? altered(storage, { write: () => Promise.resolve() }) : storage;
    expect((await lineage.check()).problems).toMatchObject([
      { kind: 'lost', message: expect.stringMatching(/^when written on: /) as unknown },
    ]);
  });

  it('takes a look that could be finished at its word', async () => {
    const host = new MemoryHost();
    const lineage = lineageOn(host);
    host.crashAt = { event: 'called', nth: 40 };
    await lineage.live(quiet);
    host.crashAt = undefined;
    expect((await lineage.disturb({})).problems).toEqual([]);
    host.tamper = (storage) => opening(storage, () => ({ state: undefined }));
    expect((await lineage.disturb({})).problems).toMatchObject([{ kind: 'lost' }]);
  });
});
