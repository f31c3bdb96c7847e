/**
 * The suite of storages is worth what it finds: here are storages that are wrong in one way each,
 * and the suite must turn every one of them down.
 */
import { CorruptError, seededRandom, type SnapshotInfo, type StorageOp } from '@quorate/core';
import { memoryDisk, type MemoryDisk } from '@quorate/storage-memory';
import { describe, expect, it } from 'vitest';
import { type StorageHarness, storageSuite } from '../src/storage/index.ts';
import { failuresOf, type Test, testsOf } from './storage/running.ts';
import {
  type Bug,
  stagingBugs,
  stagingBugsFoundBy,
  withReader,
  withSnapshots,
} from './storage/staging-bugs.ts';

const withoutOps =
  (...types: readonly StorageOp['type'][]): Bug =>
  (sound) => ({ write: (ops) => sound.write(ops.filter(({ type }) => !types.includes(type))) });

/** Disks that failed a write by themselves, without a power loss. */
const failedOn = new WeakSet<object>();

function failed(disk: MemoryDisk, error: unknown): never {
  if (!disk.crashed) failedOn.add(disk);
  throw error;
}

const afterFailedSync =
  'S5: a sync fails, the process ends, another one goes on, and the power goes before any of its operations: all that was not synced';

const bugs: Readonly<Record<string, Bug>> = {
  'S10: swaps writes that wait together': (sound) => {
    let held: (() => void) | undefined;
    return {
      write: (ops) =>
        new Promise((resolve, reject) => {
          const send = (): void => {
            sound.write(ops).then(resolve, reject);
          };
          const earlier = held;
          held = undefined;
          if (earlier === undefined) {
            held = send;
            void Promise.resolve().then(() => {
              if (held === send) {
                held = undefined;
                send();
              }
            });
          } else {
            send();
            earlier();
          }
        }),
    };
  },
  'splits a write into its steps': (sound) => ({
    write: async (ops) => {
      for (const op of ops) await sound.write([op]);
    },
  }),
  'P6: acknowledges before it is durable': (sound) => ({
    write: async (ops) => {
      sound.write(ops).catch(() => undefined);
    },
  }),
  'ignores dropAfter': withoutOps('dropAfter'),
  'ignores dropBefore': withoutOps('dropBefore'),
  'ignores the state': withoutOps('state'),
  'drops one record too many': (sound) => ({
    write: (ops) =>
      sound.write(
        ops.map((op) =>
          op.type === 'dropAfter' ? { ...op, index: Math.max(op.index - 1, 0) } : op,
        ),
      ),
  }),
  'does the drops of a write first': (sound) => ({
    write: (ops) => {
      const isDrop = ({ type }: StorageOp): boolean => type.startsWith('drop');
      return sound.write([...ops.filter(isDrop), ...ops.filter((op) => !isDrop(op))]);
    },
  }),
  'R17: trims in a write of its own before it publishes': (sound) => ({
    write: async (ops) => {
      const trims = ops.filter(({ type }) => type === 'dropBefore');
      if (trims.length > 0 && trims.length < ops.length) {
        await sound.write(trims);
        await sound.write(ops.filter(({ type }) => type !== 'dropBefore'));
      } else await sound.write(ops);
    },
  }),
  'lets dropped records come back above a later put': (sound) => {
    let cut: readonly StorageOp[] = [];
    return {
      write: async (ops) => {
        for (const op of ops) {
          if (op.type !== 'dropAfter') continue;
          const lost = await sound.read(op.index + 1, 2 ** 40, 2 ** 30);
          cut = lost.map((entry) => ({ type: 'put', ...entry }));
        }
        const first = ops.find((op) => op.type === 'put');
        const back = cut.filter((op) => op.type === 'put' && first && op.index < first.index);
        cut = cut.filter((op) => !back.includes(op));
        await sound.write([
          ...ops.filter((op) => op !== first),
          ...back,
          ...(first ? [first] : []),
        ]);
      },
    };
  },
  'reads more than it was asked for': (sound) => ({
    read: (from, to) => sound.read(from, to, 2 ** 30),
  }),
  'gives nothing when the first record is larger than the limit': (sound) => ({
    read: async (from, to, maxBytes) => {
      const records = await sound.read(from, to, maxBytes);
      return records.filter(({ record }) => record.length <= maxBytes);
    },
  }),
  'leaves the last record of a range out': (sound) => ({
    read: (from, to, maxBytes) => sound.read(from, to - 1, maxBytes),
  }),
  'S4: leaves damaged records out': (sound) => ({
    read: async (from, to, maxBytes) => {
      try {
        return await sound.read(from, to, maxBytes);
      } catch {
        const found = [];
        for (let index = from; index <= Math.min(to, from + 100); index++) {
          found.push(...(await sound.read(index, index, maxBytes).catch(() => [])));
        }
        return found;
      }
    },
  }),
  'S2: takes records of any size': (sound) => ({
    write: async (ops) => {
      await sound.write(ops.filter((op) => op.type !== 'put' || op.record.length <= limit));
    },
  }),
  'recovers a wrong last record': (sound) => ({
    open: async (owner) => ({ ...(await sound.open(owner)), lastRecord: undefined }),
  }),
  'takes anybody for the owner': (sound) => ({
    open: (owner) => sound.open({ ...owner, node: 'n1', cluster: 'conformance' }),
  }),
  'S9: shares its place': (sound, disk) => ({
    open: async (owner) => {
      try {
        return await sound.open(owner);
      } catch {
        disk.crash();
        return disk.storage().open(owner);
      }
    },
  }),
  'S5: tries again after a failure': (sound, disk) => {
    let at = sound;
    return {
      write: async (ops) => {
        try {
          await at.write(ops);
        } catch {
          await at.close();
          at = disk.storage();
          await at.open({ cluster: 'conformance', node: 'n1', algorithm: 'raft' });
          await at.write(ops);
        }
      },
      read: (from, to, maxBytes) => at.read(from, to, maxBytes),
      close: () => at.close(),
    };
  },
  'takes for damage what went with a failed sync': (sound, disk) => ({
    open: (owner) =>
      failedOn.has(disk) && disk.crashed
        ? Promise.reject(new CorruptError('acknowledged batches are damaged'))
        : sound.open(owner),
    write: (ops) => sound.write(ops).catch((error: unknown) => failed(disk, error)),
  }),
  'cuts off one record more than went with a failed sync': (sound, disk) => ({
    open: async (owner) => {
      const found = await sound.open(owner);
      const last = found.records?.last ?? 0;
      if (!failedOn.has(disk) || !disk.crashed) return found;
      await sound.write([{ type: 'dropAfter', index: last - 1 }]);
      const records =
        found.records === undefined ? undefined : { ...found.records, last: last - 1 };
      return { ...found, records };
    },
    write: (ops) => sound.write(ops).catch((error: unknown) => failed(disk, error)),
  }),
  'close does not wait': (sound) => {
    let closed = false;
    return {
      write: async (ops) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        if (!closed) await sound.write(ops);
      },
      close: async () => {
        closed = true;
        await sound.close();
      },
    };
  },
  'accepts writes after close': (sound) => ({
    write: (ops) =>
      sound.write(ops).catch((error: unknown) => {
        if (!(error instanceof Error) || !error.message.includes('closed')) throw error;
      }),
  }),
  'close throws the second time': (sound) => {
    let closed = false;
    return {
      close: async () => {
        if (closed) throw new Error('closed before');
        closed = true;
        await sound.close();
      },
    };
  },
  'S12: shows a snapshot before it is published': (sound) => {
    let staged: string | undefined;
    const info = (id: string): SnapshotInfo => {
      return { id, index: 1, context: new Uint8Array(), bytes: 0, checksum: 0 };
    };
    return withSnapshots(sound, {
      stage: async (name) => {
        const writer = await sound.snapshots.stage(name);
        staged = writer.id;
        return writer;
      },
      current: () => (staged === undefined ? sound.snapshots.current() : info(staged)),
    });
  },
  'cuts a reader off when a newer snapshot comes': (sound) =>
    withReader(sound, (reader) => ({
      read: async (offset, maxBytes) => {
        if (sound.snapshots.current()?.id !== reader.info.id) throw new Error('gone');
        return reader.read(offset, maxBytes);
      },
    })),
  'reads a snapshot from a wrong offset': (sound) =>
    withReader(sound, (reader) => ({
      read: (offset, maxBytes) => reader.read(offset - (offset % 4096), maxBytes),
    })),
  ...stagingBugs,
  'a sync for every write': (sound) => {
    let last: Promise<unknown> = Promise.resolve();
    return {
      write: (ops) => {
        const written = last.then(() => sound.write(ops));
        last = written.catch(() => undefined);
        return written;
      },
    };
  },
};

const limit = 2 ** 20;

/** Which tests must find which bug. */
const foundBy: Readonly<Record<keyof typeof bugs, readonly string[]>> = {
  'S10: swaps writes that wait together': ['S10:', 'of writes that were not acknowledged'],
  'splits a write into its steps': ['of writes that were not acknowledged', 'behaves as a model'],
  'P6: acknowledges before it is durable': [
    'every write that was acknowledged survives',
    'behaves as a model',
  ],
  'ignores dropAfter': ['dropAfter removes', 'behaves as a model'],
  'ignores dropBefore': ['dropAfter removes', 'behaves as a model'],
  'ignores the state': ['the state is replaced', 'behaves as a model'],
  'drops one record too many': ['dropAfter removes', 'behaves as a model'],
  'does the drops of a write first': ['the steps of a write', 'behaves as a model'],
  'R17: trims in a write of its own before it publishes': ['P15:', 'behaves as a model'],
  'lets dropped records come back above a later put': [
    'what was dropped never comes back',
    'behaves as a model',
  ],
  'reads more than it was asked for': ['read stops before'],
  'gives nothing when the first record is larger than the limit': [
    'read stops before',
    'behaves as a model',
  ],
  'leaves the last record of a range out': ['read gives what is there', 'behaves as a model'],
  'S4: leaves damaged records out': ['S4: damage of the first', 'S4: damage of the middle'],
  'S2: takes records of any size': ['S2:'],
  'recovers a wrong last record': ['what was written is there', 'behaves as a model'],
  'takes anybody for the owner': ['refuses the data of another'],
  'S9: shares its place': ['S9:'],
  'S5: tries again after a failure': ['S5: after a failed write or sync'],
  'takes for damage what went with a failed sync': [afterFailedSync],
  'cuts off one record more than went with a failed sync': [afterFailedSync],
  'close does not wait': ['close waits'],
  'accepts writes after close': ['a closed storage refuses'],
  'close throws the second time': ['close is idempotent'],
  'S12: shows a snapshot before it is published': ['S12: a snapshot is invisible'],
  'cuts a reader off when a newer snapshot comes': ['a reader survives'],
  'reads a snapshot from a wrong offset': ['a reader reads at any offset'],
  'a sync for every write': ['writes that wait together'],
  ...stagingBugsFoundBy,
};

/** The tests of the suite for storages that have a bug. */
function testsWith(bug: Bug): readonly Test[] {
  const create = async (seed: number): Promise<StorageHarness> => {
    const disk = memoryDisk({
      maxRecordBytes: limit,
      latencyMs: [0.05, 0.5],
      random: seededRandom(seed),
    });
    return {
      storage: (options) => {
        const sound = disk.storage(options);
        return {
          open: (owner) => sound.open(owner),
          write: (ops) => sound.write(ops),
          read: (from, to, maxBytes) => sound.read(from, to, maxBytes),
          snapshots: sound.snapshots,
          close: () => sound.close(),
          ...bug(sound, disk, options?.retainSnapshots ?? 1),
        };
      },
      crash: async () => disk.crash(),
      operations: () => disk.operations,
      crashAt: (nth, loss) => disk.crashAt(nth, loss),
      crashed: () => disk.crashed,
      failNextWrite: async () => disk.failWrite(),
      failNextSync: async () => disk.failWrite(),
      kill: async () => disk.crash({ keep: Infinity }),
      damageRecord: async (index) => disk.damage(index),
      syncs: () => disk.counters.syncs,
      storedSnapshots: async () => disk.storedSnapshots,
      maxRecordBytes: limit,
      remove: async () => undefined,
    };
  };
  return testsOf({
    without: ['damageSnapshot', 'storedBytes', 'flipBit'],
    create,
    runs: 200,
    seed: 1,
  });
}

describe('the suite of storages', () => {
  // That it passes sound ones every storage shows, the one that is made wrong here among them.
  it.each(Object.entries(bugs))('turns down a storage that has a bug: %s', async (name, bug) => {
    const tests = testsWith(bug);
    for (const prefix of foundBy[name] ?? []) {
      const meant = tests.filter((test) => test.name.startsWith(prefix));
      expect(meant, prefix).toHaveLength(1);
      expect([...(await failuresOf(meant)).keys()], `${prefix} finds it`).toHaveLength(1);
    }
  });

  it('does not leave a test out because the harness forgot a feature', async () => {
    const tests = testsOf({
      create: async () => {
        const disk = memoryDisk();
        return { storage: () => disk.storage(), remove: async () => undefined };
      },
    });
    const needing: Readonly<Record<string, string>> = {
      'every write that was acknowledged survives': 'crash',
      'power loss before every operation: all that was not synced is lost': 'operations',
      'S1, S3, S4: a flip of any bit of a small log is noticed, or changes nothing': 'storedBytes',
    };
    for (const [test, feature] of Object.entries(needing)) {
      const failures = await failuresOf(tests.filter(({ name }) => name === test));
      expect(failures.get(test)).toContain(`the harness lacks ${feature}`);
    }
  });

  it('has no empty group, whatever a harness cannot do', () => {
    const groups: { readonly name: string; tests: number }[] = [];
    storageSuite({
      framework: {
        describe: (name, body) => {
          groups.push({ name, tests: 0 });
          body();
        },
        it: () => {
          const group = groups.at(-1);
          if (group !== undefined) group.tests++;
        },
      },
      name: 'all',
      without: [
        'crash',
        'operations',
        'flipBit',
        'failNextWrite',
        'damageRecord',
        'damageSnapshot',
      ],
      create: () => Promise.reject(new Error('it is not run')),
    });
    expect(groups.filter(({ tests }) => tests === 0).map(({ name }) => name)).toEqual(['all']);
  });
});
