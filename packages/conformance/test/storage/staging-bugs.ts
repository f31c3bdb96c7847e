/**
 * Storages that are wrong in how they stage, take up, retain and describe snapshots, each in one way,
 * around a sound storage in memory.
 */
import {
  crc32,
  type SnapshotInfo,
  type SnapshotReader,
  type SnapshotStore,
  type SnapshotWriter,
  type Storage,
} from '@quorate/core';
import type { MemoryDisk } from '@quorate/storage-memory';

/** What a broken storage does otherwise than the sound one inside, which retains so many snapshots. */
export type Bug = (sound: Storage, disk: MemoryDisk, retain: number) => Partial<Storage>;

/** A storage with other snapshots. */
export function withSnapshots(sound: Storage, other: Partial<SnapshotStore>): Partial<Storage> {
  const { snapshots } = sound;
  return {
    snapshots: {
      stage: (name) => snapshots.stage(name),
      read: (id) => snapshots.read(id),
      current: () => snapshots.current(),
      list: () => snapshots.list(),
      ...other,
    },
  };
}

/** A storage with other readers of snapshots. */
export function withReader(
  sound: Storage,
  other: (reader: SnapshotReader) => Partial<SnapshotReader>,
): Partial<Storage> {
  return withSnapshots(sound, {
    read: async (id) => {
      const reader = await sound.snapshots.read(id);
      return {
        info: reader.info,
        read: (offset, maxBytes) => reader.read(offset, maxBytes),
        close: () => reader.close(),
        ...other(reader),
      };
    },
  });
}

/** A storage with other writers of snapshots that are staged under a name. */
function withWriter(
  sound: Storage,
  other: (
    writer: SnapshotWriter,
    name: string,
  ) => Partial<SnapshotWriter> | Promise<Partial<SnapshotWriter>>,
): Partial<Storage> {
  return withSnapshots(sound, {
    stage: async (name) => {
      const writer = await sound.snapshots.stage(name);
      return name === undefined ? writer : overWriter(writer, await other(writer, name));
    },
  });
}

function overWriter(writer: SnapshotWriter, other: Partial<SnapshotWriter>): SnapshotWriter {
  return {
    id: writer.id,
    write: (chunk) => writer.write(chunk),
    finish: () => writer.finish(),
    close: () => writer.close(),
    abort: () => writer.abort(),
    ...other,
    get bytes() {
      return other.bytes ?? writer.bytes;
    },
    get checksum() {
      return other.checksum ?? writer.checksum;
    },
  };
}

/** Another storage in the place of the sound one. */
function instead(other: Storage): Storage {
  return {
    open: (owner) => other.open(owner),
    write: (ops) => other.write(ops),
    read: (from, to, maxBytes) => other.read(from, to, maxBytes),
    snapshots: other.snapshots,
    close: () => other.close(),
  };
}

/** A storage that does something to the last writer under a name. */
function withLastWriter(
  sound: Storage,
  other: (last: () => SnapshotWriter | undefined) => Partial<Storage>,
): Partial<Storage> {
  let last: SnapshotWriter | undefined;
  return {
    ...withSnapshots(sound, {
      stage: async (name) => {
        const writer = await sound.snapshots.stage(name);
        if (name !== undefined) last = writer;
        return writer;
      },
    }),
    ...other(() => last),
  };
}

function withInfo(sound: Storage, other: (info: SnapshotInfo) => SnapshotInfo): Partial<Storage> {
  return {
    ...withSnapshots(sound, {
      current: () => sound.snapshots.list().map(other)[0],
      list: () => sound.snapshots.list().map(other),
    }),
    open: async (owner) => {
      const recovered = await sound.open(owner);
      return { ...recovered, snapshot: recovered.snapshot && other(recovered.snapshot) };
    },
  };
}

/** The bugs. */
export const stagingBugs = {
  'loses a byte where it takes up': (sound) =>
    withWriter(sound, (writer) => {
      let lost = writer.bytes === 0;
      return {
        write: async (chunk) => {
          const from = lost ? 0 : 1;
          lost = true;
          await writer.write(chunk.subarray(from));
        },
      };
    }),
  'counts bytes of a transfer that are not there': (sound) =>
    withWriter(sound, (writer) => {
      const more = writer.bytes > 0 ? 100 : 0;
      return {
        get bytes() {
          return writer.bytes + more;
        },
      };
    }),
  'takes up whatever there is, under any name': (sound) =>
    withSnapshots(sound, {
      stage: (name) => sound.snapshots.stage(name === undefined ? undefined : 'same'),
    }),
  'takes nothing up': (sound) =>
    withSnapshots(sound, {
      stage: async (name) => {
        if (name !== undefined) await (await sound.snapshots.stage(name)).abort();
        return sound.snapshots.stage(name);
      },
    }),
  'remembers several names': (sound) => {
    const kept = new Map<string, Uint8Array[]>();
    return withWriter(sound, async (writer, name) => {
      const chunks = kept.get(name) ?? [];
      kept.set(name, chunks);
      if (writer.bytes === 0) for (const chunk of chunks) await writer.write(chunk);
      return {
        write: async (chunk) => {
          await writer.write(chunk);
          chunks.push(chunk.slice());
        },
        finish: async () => {
          kept.delete(name);
          await writer.finish();
        },
        abort: async () => {
          if (kept.get(name) === chunks) kept.delete(name);
          await writer.abort();
        },
      };
    });
  },
  'forgets what is staged under a name when it closes': (sound) =>
    withLastWriter(sound, (last) => ({
      close: async () => {
        await last()?.abort();
        await sound.close();
      },
    })),
  'forgets what is staged under a name when its writer is closed': (sound) =>
    withWriter(sound, (writer) => ({ close: () => writer.abort() })),
  'keeps what is staged under a name when it is aborted': (sound) =>
    withWriter(sound, (writer) => ({ abort: () => writer.close() })),
  'publishing forgets what is staged under a name': (sound) =>
    withLastWriter(sound, (last) => ({
      write: async (ops) => {
        await sound.write(ops);
        if (ops.some(({ type }) => type === 'snapshot')) await last()?.abort();
      },
    })),
  'leaves the first writer of a name at work': (sound) => {
    const writers = new Map<string, SnapshotWriter>();
    return withSnapshots(sound, {
      stage: async (name) => {
        if (name === undefined) return sound.snapshots.stage();
        const same = writers.get(name);
        if (same !== undefined) return same;
        const writer = await sound.snapshots.stage(name);
        const done = (): void => {
          writers.delete(name);
        };
        const shared = overWriter(writer, {
          finish: () => writer.finish().finally(done),
          close: () => writer.close().finally(done),
          abort: () => writer.abort().finally(done),
        });
        writers.set(name, shared);
        return shared;
      },
    });
  },
  'a writer whose name was taken over aborts its successor': (sound) => {
    let last: SnapshotWriter | undefined;
    return withWriter(sound, (writer) => {
      last = writer;
      return { abort: async () => last?.abort() };
    });
  },
  'takes any text for a name': (sound) =>
    withSnapshots(sound, {
      stage: (name) =>
        sound.snapshots.stage(
          name
            ?.replaceAll(/[^A-Za-z0-9-]/g, '-')
            .slice(0, 100)
            .padEnd(1, '-'),
        ),
    }),
  'cuts long names': (sound) =>
    withSnapshots(sound, { stage: (name) => sound.snapshots.stage(name?.slice(0, 50)) }),
  'keeps what has no name when it is closed': (sound) =>
    withSnapshots(sound, {
      stage: async (name) => {
        const writer = await sound.snapshots.stage(name);
        return name === undefined ? overWriter(writer, { close: async () => undefined }) : writer;
      },
    }),
  'retains one snapshot, whatever it is told': (_sound, disk) =>
    instead(disk.storage({ retainSnapshots: 1 })),
  'retains one snapshot too many': (_sound, disk, retain) =>
    instead(disk.storage({ retainSnapshots: retain + 1 })),
  'lists the oldest snapshot first': (sound) =>
    withSnapshots(sound, { list: () => sound.snapshots.list().toReversed() }),
  'lists snapshots that it does not read': (sound) =>
    withSnapshots(sound, {
      read: (id) => sound.snapshots.read(id === sound.snapshots.current()?.id ? id : 'none'),
    }),
  'reads the current snapshot, whichever is asked for': (sound) =>
    withSnapshots(sound, {
      read: (id) => {
        const { snapshots } = sound;
        const listed = snapshots.list().some((info) => info.id === id);
        return snapshots.read(listed ? (snapshots.current()?.id ?? id) : id);
      },
    }),
  'has the checksum of the context for that of a snapshot': (sound) =>
    withInfo(sound, (info) => ({ ...info, checksum: crc32(info.context) })),
  'forgets checksums when it opens': (sound) => {
    let found: readonly string[] = [];
    const withChecksum = (info: SnapshotInfo): SnapshotInfo =>
      found.includes(info.id) ? { ...info, checksum: 0 } : info;
    return {
      ...withInfo(sound, withChecksum),
      open: async (owner) => {
        const recovered = await sound.open(owner);
        found = sound.snapshots.list().map(({ id }) => id);
        return { ...recovered, snapshot: recovered.snapshot && withChecksum(recovered.snapshot) };
      },
    };
  },
  'gives no checksum while it writes': (sound) =>
    withSnapshots(sound, {
      stage: async (name) => overWriter(await sound.snapshots.stage(name), { checksum: 0 }),
    }),
} satisfies Readonly<Record<string, Bug>>;

const afterClose = 'what was staged under a name is taken up again after its writer';
const afterCrash = 'what was staged under a name is taken up again after a power loss';
const oneName = 'one name is remembered';
const leftAlone = 'staging without a name and publishing';
const model = 'behaves as a model';
const retained = 'so many snapshots are kept';

/** Which tests must find which: each is the only one whose name begins like this. */
export const stagingBugsFoundBy: Readonly<Record<keyof typeof stagingBugs, readonly string[]>> = {
  'loses a byte where it takes up': [afterClose, afterCrash, model],
  'counts bytes of a transfer that are not there': [afterClose, afterCrash, model],
  'takes up whatever there is, under any name': [oneName, model],
  'takes nothing up': [afterClose, 'a closed writer takes no more'],
  'remembers several names': [oneName],
  'forgets what is staged under a name when it closes': [
    'what was staged under a name is taken up again after the storage was closed',
    'what is staged under a name takes up space',
  ],
  'forgets what is staged under a name when its writer is closed': [afterClose],
  'keeps what is staged under a name when it is aborted': [
    'what was aborted is not taken up',
    'what was closed and then aborted',
    model,
  ],
  'publishing forgets what is staged under a name': [leftAlone],
  'leaves the first writer of a name at work': ['staging a name again closes', model],
  'a writer whose name was taken over aborts its successor': ['staging a name again closes'],
  'takes any text for a name': ['a name that is none is refused'],
  'cuts long names': ['a name that is none is refused'],
  'keeps what has no name when it is closed': ['close forgets what has no name'],
  'retains one snapshot, whatever it is told': [retained, model],
  'retains one snapshot too many': [retained, 'nothing is left of those that went', model],
  'lists the oldest snapshot first': [retained, model],
  'lists snapshots that it does not read': [retained, model],
  'reads the current snapshot, whichever is asked for': [retained, model],
  'has the checksum of the context for that of a snapshot': ['the checksum of a snapshot', model],
  'forgets checksums when it opens': ['the checksum of a snapshot', model],
  'gives no checksum while it writes': ['the checksum of a snapshot', model],
};
