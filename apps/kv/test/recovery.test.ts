/**
 * Disaster recovery in one process: what it makes of a folder, and that it can be interrupted between any
 * two steps. With real processes: `processes/disasters.ts`.
 */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, type StorageOwner, utf8 } from '@quorate/core';
import { kv } from '@quorate/machine-kv';
import { algorithmNamed, algorithmNames, storageNamed } from '@quorate/program';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Backup } from '../src/backup/reader.ts';
import { type NodeConfig, resolveConfig } from '../src/node/config.ts';
import { DataFolder } from '../src/node/data-folder.ts';
import { openNode } from '../src/node/open.ts';
import { addAuditRecord, auditRecord, readAuditRecords } from '../src/recovery/audit.ts';
import { forceNewCluster, type ForceEnding } from '../src/recovery/force-new-cluster.ts';
import { restore } from '../src/recovery/restore.ts';
import { type Survey, surveyOf } from '../src/recovery/survey.ts';
import { freePlace } from './harness.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

async function temporary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quorate-kv-'));
  folders.push(folder);
  return folder;
}

/** What a log holds, read as a start reads it. */
async function survey(path: string, owner: StorageOwner, storage: string): Promise<Survey> {
  return algorithmNamed(owner.algorithm)(async (algorithm) => {
    const opened = await storageNamed(storage).create(path);
    try {
      return surveyOf(algorithm, owner.node, await opened.open(owner));
    } finally {
      await opened.close();
    }
  });
}

/** Ends everything after the `nth` step. */
class Interruption {
  readonly steps: string[] = [];
  readonly #at: number;

  constructor(at: number = Infinity) {
    this.#at = at;
  }

  readonly after = (step: string): void => {
    this.steps.push(step);
    if (this.steps.length === this.#at) throw new Error(`interrupted after: ${step}`);
  };
}

const yes = (): boolean => true;

/** What happens to folders does not depend on the algorithm: all steps with one, some with the others. */
function stepsOf(algorithm: string, last: number): readonly number[] {
  const all = Array.from({ length: last }, (_, at) => at + 1);
  return algorithm === algorithmNames[0] ? all : all.filter((step) => step % 3 === 0);
}

describe.each(algorithmNames)('on %s', (algorithm) => {
  describe('forcing a new cluster', () => {
    const owner = { cluster: 'old', node: 'n1', algorithm };
    let original = '';
    let found: Survey | undefined;

    // A group of one with a snapshot, and entries behind it, is as good as any for what happens to folders.
    beforeAll(async () => {
      original = await temporary();
      const { http, client, peer } = await freePlace();
      const node = await openNode({
        node: 'n1',
        data: original,
        cluster: 'old',
        members: [{ id: 'n1', address: peer }],
        http,
        client,
        algorithm,
      });
      for (let key = 0; key < 30; key++) {
        await node.replica.execute(kv.put(`key ${String(key)}`, utf8(String(key))));
        if (key === 9) await node.replica.snapshot();
      }
      await node.close();
      found = await survey(join(original, 'n1', 'log'), owner, node.config.storage);
    }, 60_000);

    const copy = async (): Promise<DataFolder> => {
      const data = await temporary();
      await cp(original, data, { recursive: true });
      return new DataFolder(data, 'n1');
    };
    const force = (folder: DataFolder, interruption: Interruption): Promise<ForceEnding> =>
      forceNewCluster({ folder, cluster: 'new', confirm: yes, afterStep: interruption.after });

    const expectDone = async (folder: DataFolder): Promise<void> => {
      const names = (await readdir(folder.path)).sort();
      const before = names.find((name) => name.startsWith('log.before-')) ?? '';
      expect(names).toEqual(['audit.ndjson', 'lock', 'log', before, 'node.json']);
      const memory = await folder.recall();
      expect(memory).toMatchObject({
        joined: true,
        settings: { node: 'n1', cluster: 'new', algorithm, members: [{ id: 'n1' }] },
      });
      const storage = memory?.settings.storage ?? '';
      const now = await survey(folder.logPath, { ...owner, cluster: 'new' }, storage);
      expect(now).toMatchObject({ lastIndex: found?.lastIndex, snapshot: found?.snapshot });
      expect(now.epoch).toBeGreaterThan(2 ** 20);
      // The old one is as it was.
      expect(await survey(join(folder.path, before), owner, storage)).toEqual(found);
      const records = await readAuditRecords(folder.path);
      expect(records).toMatchObject([
        {
          command: 'force-new-cluster',
          node: 'n1',
          oldLog: before,
          old: { cluster: 'old', algorithm, lastIndex: found?.lastIndex, epoch: found?.epoch },
          new: { cluster: 'new', lastIndex: found?.lastIndex, epoch: now.epoch },
          kept: { entries: (found?.lastIndex ?? 0) - (found?.snapshot?.index ?? 0) },
          user: { uid: process.getuid?.() },
        },
      ]);
    };

    it('goes through all of its steps, and says so once', async () => {
      const folder = await copy();
      const interruption = new Interruption();
      expect((await force(folder, interruption)).type).toBe('done');
      expect(interruption.steps).toEqual([
        'old storage open',
        'new storage open',
        'copied',
        'checked',
        'decided',
        'old log set aside',
        'new log in its place',
        'node.json written',
        'audit record added',
      ]);
      await expectDone(folder);
      const again = await force(folder, new Interruption());
      expect(again.type).toBe('already');
      await expectDone(folder);
    });

    it.each(stepsOf(algorithm, 9))(
      'that ended after step %i is done again, and then as if nothing had happened',
      async (step) => {
        const folder = await copy();
        await expect(force(folder, new Interruption(step))).rejects.toThrow('interrupted');
        // A second time, where it gets as far.
        await force(folder, new Interruption(step)).catch(() => undefined);
        const ending = await force(folder, new Interruption());
        expect(['done', 'finished', 'already']).toContain(ending.type);
        await expectDone(folder);
      },
    );

    it.each([4, 5, 6, 9])(
      'that ended after step %i is finished or undone by a start',
      async (step) => {
        const folder = await copy();
        await expect(force(folder, new Interruption(step))).rejects.toThrow('interrupted');
        const { http, client, peer } = await freePlace();
        const data = join(folder.path, '..');
        const node = await openNode({
          node: 'n1',
          data,
          http,
          client,
          listen: peer,
          advertise: peer,
        });
        const got = await node.replica.read(kv.get('key 29'));
        await node.close();
        expect(got.answer).toMatchObject({ pair: { value: utf8('29') } });
        if (step >= 5) {
          expect(node.config.cluster).toBe('new');
          expect(await readAuditRecords(folder.path)).toHaveLength(1);
        } else {
          expect(node.config.cluster).toBe('old');
          expect(await readdir(folder.path)).not.toContain('log.new');
        }
      },
      60_000,
    );

    it('serves what was kept, alone', async () => {
      const folder = await copy();
      await force(folder, new Interruption());
      const { http, client, peer } = await freePlace();
      const data = join(folder.path, '..');
      const node = await openNode({
        node: 'n1',
        data,
        http,
        client,
        listen: peer,
        advertise: peer,
      });
      for (const key of [0, 9, 10, 29]) {
        const got = await node.replica.read(kv.get(`key ${String(key)}`));
        expect(got.answer).toMatchObject({ pair: { value: utf8(String(key)) } });
      }
      await node.replica.execute(kv.put('more', utf8('1')));
      await node.close();
    }, 60_000);

    it('does nothing where nobody agrees, where it runs, and under the old name', async () => {
      const folder = await copy();
      const names = (await readdir(folder.path)).sort();
      const declined = await forceNewCluster({ folder, cluster: 'new', confirm: () => false });
      expect(declined.type).toBe('declined');
      const unlock = await folder.lock();
      await expect(force(folder, new Interruption())).rejects.toMatchObject({ code: 'LOCKED' });
      await unlock();
      const memory = await folder.recall();
      const storage = await storageNamed(memory?.settings.storage ?? '').create(folder.logPath);
      await storage.open(owner);
      await expect(force(folder, new Interruption())).rejects.toMatchObject({ code: 'LOCKED' });
      await storage.close();
      // It is alone in its group already; with others in it, another name would be needed.
      const same = await forceNewCluster({ folder, cluster: 'old', confirm: yes });
      expect(same.type).toBe('already');
      expect((await readdir(folder.path)).sort()).toEqual(names);
    });

    it('is refused where there is nothing to go on from', async () => {
      const nobody = new DataFolder(await temporary(), 'n1');
      await expect(force(nobody, new Interruption())).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
      const folder = await copy();
      await rm(folder.logPath, { recursive: true });
      await expect(force(folder, new Interruption())).rejects.toMatchObject({ code: 'STATE_LOST' });
    });
  });

  describe('restoring a backup', () => {
    const content = Buffer.alloc(300_000, 'the state');
    const header = {
      cluster: 'old',
      node: 'n7',
      algorithm: 'any',
      machine: 'kv',
      program: '1',
      time: '2026-01-01T00:00:00.000Z',
      index: 1234,
      bytes: content.length,
      checksum: crc32(content),
    };
    const backup = (bytes: Uint8Array = content, damage?: Error): Backup => ({
      header,
      chunks: (async function* () {
        await Promise.resolve();
        yield bytes.subarray(0, 100_000);
        if (damage !== undefined) throw damage;
        yield bytes.subarray(100_000);
      })(),
    });
    const configIn = (data: string, cluster: string = 'new'): NodeConfig =>
      resolveConfig(
        {
          node: 'n1',
          data,
          cluster,
          algorithm,
          members: [
            { id: 'n1', address: 'h:1' },
            { id: 'n2', address: 'h:2' },
          ],
        },
        undefined,
      );
    const restoreInto = (data: string, interruption: Interruption, cluster?: string) => {
      const config = configIn(data, cluster);
      const folder = new DataFolder(config.data, config.node);
      const afterStep = interruption.after;
      return restore({ folder, config, backup: backup(), source: 'FILE', afterStep });
    };
    const expectDone = async (data: string): Promise<void> => {
      const folder = new DataFolder(data, 'n1');
      expect((await readdir(folder.path)).sort()).toEqual([
        'audit.ndjson',
        'lock',
        'log',
        'node.json',
      ]);
      const memory = await folder.recall();
      expect(memory).toMatchObject({ joined: true, settings: { cluster: 'new', algorithm } });
      const owner = { cluster: 'new', node: 'n1', algorithm };
      const held = await survey(folder.logPath, owner, memory?.settings.storage ?? '');
      const { index, bytes, checksum } = header;
      expect(held).toMatchObject({ lastIndex: index, snapshot: { index, bytes, checksum } });
      expect(held.membership.voters.map(({ id }) => id)).toEqual(['n1', 'n2']);
      expect(await readAuditRecords(folder.path)).toMatchObject([
        { command: 'restore', source: 'FILE', backup: header, new: { cluster: 'new' } },
      ]);
    };

    it('makes a node that was never there', async () => {
      const data = await temporary();
      const interruption = new Interruption();
      await restoreInto(data, interruption);
      expect(interruption.steps).toEqual([
        'new storage open',
        'copied',
        'checked',
        'decided',
        'old log set aside',
        'new log in its place',
        'node.json written',
        'audit record added',
      ]);
      await expectDone(data);
    });

    it.each(stepsOf(algorithm, 8))(
      'that ended after step %i is done again, and then as if nothing had happened',
      async (step) => {
        const data = await temporary();
        await expect(restoreInto(data, new Interruption(step))).rejects.toThrow('interrupted');
        await restoreInto(data, new Interruption());
        await expectDone(data);
      },
    );

    it('has one fingerprint for all first members, and another where anything differs', async () => {
      const [one, two, other] = await Promise.all([
        restoreInto(await temporary(), new Interruption()),
        restoreInto(await temporary(), new Interruption()),
        restoreInto(await temporary(), new Interruption(), 'another'),
      ]);
      expect(one['fingerprint']).toMatch(/^[0-9a-f]{8}$/);
      expect(two['fingerprint']).toBe(one['fingerprint']);
      expect(other['fingerprint']).not.toBe(one['fingerprint']);
    });

    it('leaves nothing of one that is damaged', async () => {
      const data = await temporary();
      const config = configIn(data);
      const folder = new DataFolder(config.data, config.node);
      const damaged = backup(content, new Error('it is damaged'));
      await expect(restore({ folder, config, backup: damaged, source: 'FILE' })).rejects.toThrow(
        'it is damaged',
      );
      expect(await readdir(folder.path)).toEqual(['lock']);
      await restoreInto(data, new Interruption());
      await expectDone(data);
    });

    it('does not touch a folder that is in use, or is not ours', async () => {
      const data = await temporary();
      await restoreInto(data, new Interruption());
      await expect(restoreInto(data, new Interruption())).rejects.toMatchObject({
        code: 'FOREIGN_DATA',
      });
      await expectDone(data);
      const strange = await temporary();
      await mkdir(join(strange, 'n1', 'log.new'), { recursive: true });
      await writeFile(join(strange, 'n1', 'thesis.txt'), 'x');
      await expect(restoreInto(strange, new Interruption())).rejects.toMatchObject({
        code: 'FOREIGN_DATA',
      });
      expect((await readdir(join(strange, 'n1'))).sort()).toEqual(['log.new', 'thesis.txt']);
    });
  });
});

describe('the audit', () => {
  const time = new Date('2026-01-02T03:04:05Z');

  it('keeps every record, in order, and none twice', async () => {
    const folder = await temporary();
    expect(await readAuditRecords(folder)).toEqual([]);
    const one = auditRecord('restore', time, { more: 1 });
    const two = { ...auditRecord('force-new-cluster', time, {}), id: 'two' };
    await addAuditRecord(folder, one);
    await addAuditRecord(folder, two);
    await addAuditRecord(folder, one);
    expect(await readAuditRecords(folder)).toEqual([one, two]);
    expect(one).toMatchObject({ command: 'restore', time: '2026-01-02T03:04:05.000Z', more: 1 });
  });

  it('survives a line that was cut short', async () => {
    const folder = await temporary();
    const one = auditRecord('restore', time, {});
    await addAuditRecord(folder, one);
    const path = join(folder, 'audit.ndjson');
    await writeFile(path, `${await readFile(path, 'utf8')}{"id":"torn`);
    const two = { ...one, id: 'two' };
    await addAuditRecord(folder, two);
    expect(await readAuditRecords(folder)).toEqual([one, two]);
  });
});
