/**
 * What a command costs, in counts that are the same on every machine: syncs of real files, calls of the system that
 * carry frames, and how many commands share an entry. And what it must cost: nothing is acknowledged before a
 * majority has synced.
 */
import { join } from 'node:path';
import type { Counters, NodeId, Transport } from '@quorate/core';
import { type File, type FileSystem, nodeFileSystem } from '@quorate/files';
import { fileStorage } from '@quorate/storage-file';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestedAlgorithm, algorithms } from './algorithms.ts';
import { Group, type Parts } from './composition/group.ts';
import { counterTested } from './composition/machines.ts';
import type { TestedStorage } from './composition/storages.ts';
import { plainTransports, type TestedTransport } from './composition/transports.ts';

const nodes: readonly NodeId[] = ['a', 'b', 'c'];
const majority = 2;

type AnyGroup = Awaited<ReturnType<typeof openGroup>>;
type AnyReplica = Awaited<ReturnType<AnyGroup['leader']>>;

function openGroup(parts: Parts) {
  return Group.open(parts, counterTested.machine, nodes);
}

/** Syncs of files that the system has carried out, by node. */
class CountedDisks implements TestedStorage {
  readonly name = 'file, counted';
  readonly syncs = new Map<NodeId, number>(nodes.map((node) => [node, 0]));

  disk(folder: string, node: NodeId): ReturnType<TestedStorage['disk']> {
    const files = this.#counted(node);
    return {
      storage: () => fileStorage({ directory: join(folder, node), files }),
      crash: () => undefined,
    };
  }

  #counted(node: NodeId): FileSystem {
    const count = (): void => {
      this.syncs.set(node, (this.syncs.get(node) ?? 0) + 1);
    };
    return {
      ...nodeFileSystem,
      open: async (path, mode) => {
        const file = await nodeFileSystem.open(path, mode);
        return {
          read: (into, position) => file.read(into, position),
          write: (parts, position) => file.write(parts, position),
          sync: async () => {
            await file.sync();
            count();
          },
          writeDurably: async (parts, position) => {
            const taken = await file.writeDurably(parts, position);
            count();
            return taken;
          },
          truncate: (bytes) => file.truncate(bytes),
          size: () => file.size(),
          close: () => file.close(),
        } satisfies File;
      },
    };
  }
}

interface Counts {
  readonly syncs: ReadonlyMap<NodeId, number>;
  readonly entries: number;
  readonly writes: number;
}

function isCounted(transport: Transport): transport is Transport & { readonly counters: Counters } {
  return 'counters' in transport;
}

/** A group on real files and sockets, its leader, and what it has counted. */
class CountedGroup {
  written = 0;
  readonly #disks = new CountedDisks();
  readonly #writes = new Map<NodeId, () => number>();
  #group: AnyGroup | undefined;
  #leader: AnyReplica | undefined;
  #epoch = 0;

  async open(algorithm: TestedAlgorithm): Promise<void> {
    const calm: TestedAlgorithm = {
      name: algorithm.name,
      // On a busy machine too there is one leader throughout.
      algorithm: (options) =>
        algorithm.algorithm({ ...options, electionTimeoutMs: 1500, heartbeatMs: 300 }),
    };
    const parts = { algorithm: calm, storage: this.#disks, transport: this.#transport() };
    this.#group = await openGroup(parts);
    this.#leader = await this.#group.leader();
    this.#epoch = this.#leader.status.epoch;
    // Behind what a leader says first.
    await this.execute();
    await this.settle();
  }

  get leader(): AnyReplica {
    if (this.#leader === undefined) throw new Error('it is not open');
    return this.#leader;
  }

  execute(): Promise<unknown> {
    return this.leader.execute(counterTested.write((this.written += 1)));
  }

  /** Until everybody has applied everything. */
  async settle(): Promise<void> {
    expect(await this.#group?.states()).toHaveLength(1);
  }

  counts(): Counts {
    const { leader } = this;
    return {
      syncs: new Map(this.#disks.syncs),
      entries: leader.counters['entries_applied'] ?? Number.NaN,
      writes: this.#writes.get(leader.node)?.() ?? Number.NaN,
    };
  }

  async close(): Promise<void> {
    const { status } = this.leader;
    await this.#group?.close();
    expect(status).toMatchObject({ role: 'leader', epoch: this.#epoch });
  }

  #transport(): TestedTransport {
    const tcp = plainTransports.find(({ name }) => name === 'tcp');
    if (tcp === undefined) throw new Error('there is no TCP to test with');
    return {
      name: tcp.name,
      network: async (ids) => {
        const network = await tcp.network(ids);
        return {
          ...network,
          transport: (member) => {
            const made = network.transport(member);
            if (!isCounted(made)) throw new Error('the transport counts nothing');
            this.#writes.set(member.id, () => made.counters['socket_writes'] ?? Number.NaN);
            return made;
          },
        };
      },
    };
  }
}

const growth = (before: Counts, after: Counts): readonly number[] =>
  nodes.map((node) => (after.syncs.get(node) ?? 0) - (before.syncs.get(node) ?? 0));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

describe.each(algorithms)('$name', (algorithm) => {
  const group = new CountedGroup();
  beforeAll(() => group.open(algorithm));
  afterAll(() => group.close());

  it('syncs a command that is alone on a majority before it is acknowledged, and once on each', async () => {
    const commands = 50;
    const before = group.counts();
    for (let command = 0; command < commands; command++) {
      const sent = group.counts();
      await group.execute();
      const synced = growth(sent, group.counts()).filter((syncs) => syncs > 0);
      expect(synced.length).toBeGreaterThanOrEqual(majority);
    }
    await group.settle();
    const after = group.counts();
    expect(after.entries - before.entries).toBe(commands);
    // One who is behind syncs two entries at once; somewhat more where a heartbeat says what is committed.
    expect(sum(growth(before, after)) / commands).toBeGreaterThanOrEqual(majority);
    expect(sum(growth(before, after)) / commands).toBeLessThanOrEqual(nodes.length * 1.1);
    // To each peer the entry; what is committed goes with the next one, unless that takes its time.
    const writes = (after.writes - before.writes) / commands / (nodes.length - 1);
    expect(writes).toBeLessThanOrEqual(2.2);
  });

  it('has 256 commands in flight share entries, syncs and writes to sockets', async () => {
    const [clients, each] = [256, 20];
    const before = group.counts();
    await Promise.all(
      Array.from({ length: clients }, async () => {
        for (let command = 0; command < each; command++) await group.execute();
      }),
    );
    await group.settle();
    const after = group.counts();
    const commands = clients * each;
    expect(commands / (after.entries - before.entries)).toBeGreaterThan(clients / 8);
    for (const syncs of growth(before, after)) expect(syncs / commands).toBeLessThan(4 / clients);
    const writes = (after.writes - before.writes) / commands / (nodes.length - 1);
    expect(writes).toBeLessThan(8 / clients);
  });
});
