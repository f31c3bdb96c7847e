/** Backup, restore, and going on with what one node holds, as real processes. */
import { createServer } from 'node:http';
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { crc32 } from '@quorate/core';
import {
  eventually,
  finish,
  type Finished,
  type JsonLine,
  temporaryFolder,
} from '@quorate/harness';
import { algorithmNames } from '@quorate/program';
import { describe, expect, it } from 'vitest';
import { type BackupHeader, writtenChunkBytes } from '../../src/backup/format.ts';
import { writeBackup } from '../../src/backup/writer.ts';
import { start, stateHashes, statusOf } from '../harness.ts';
import { command } from '../command.ts';
import { freeAddresses, killNode, type RunningProcess, serveNode } from './nodes.ts';

const valueOf = (key: number): string => `value of ${String(key)}`;

/** Puts keys from `from` to `to`, both included. */
async function putKeys(http: string, from: number, to: number): Promise<void> {
  for (let key = from; key <= to; key++) {
    const answer = await fetch(`${http}/v1/kv/kept/${String(key)}`, {
      method: 'PUT',
      body: valueOf(key),
    });
    if (answer.status !== 200) throw new Error(await answer.text());
  }
}

async function expectKeys(http: string, count: number): Promise<void> {
  const answer = await fetch(`${http}/v1/kv?prefix=kept/&limit=9999`);
  const { items } = (await answer.json()) as { items: { key: string; value: string }[] };
  const found = new Map(items.map(({ key, value }) => [key, value]));
  for (let key = 1; key <= count; key++) {
    expect(found.get(`kept/${String(key)}`)).toBe(valueOf(key));
  }
}

const hasLeader = (http: string): Promise<unknown> =>
  eventually(async () => (await statusOf(http))?.['leader'] ?? undefined);

async function expectRefused(
  words: readonly string[],
  code: number,
  message: RegExp,
): Promise<void> {
  const result = await command(words);
  expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)]);
}

export function disasters(): void {
  // On either algorithm, in one process: recovery.test.ts. Here each has its part.
  describe('a disaster', () => {
    const [algorithm = '', other = ''] = algorithmNames;

    it('that takes all nodes is survived by a backup, under the other algorithm too', async () => {
      const data = await temporaryFolder();
      const { http, client, members } = await freeAddresses();
      const serve = (node: number, more: readonly string[]): Promise<RunningProcess> =>
        serveNode([
          ...['--node', `n${String(node)}`, '--http', http(node), '--client', client(node)],
          ...more,
        ]);
      const group = await Promise.all(
        [1, 2, 3].map((node) =>
          serve(node, ['--data', data, '--members', members, '--algorithm', algorithm]),
        ),
      );
      const endpoints = group.map((node) => node.http);
      const [one = ''] = endpoints;
      await hasLeader(one);
      await putKeys(one, 1, 100);
      const file = join(data, 'backup');
      // While writes go on, at another node than the one that is asked.
      const enough = new AbortController();
      const writer = (async (): Promise<void> => {
        for (let key = 101; !enough.signal.aborted; key++) {
          await putKeys(endpoints[2] ?? '', key, key);
        }
      })();
      const backup = await command(['backup', file, '--json'], { endpoints });
      enough.abort();
      await writer;
      expect([backup.code, backup.stderr]).toEqual([0, '']);
      const header = JSON.parse(backup.stdout) as BackupHeader;
      expect(header).toMatchObject({ cluster: 'quorate', algorithm, machine: 'kv' });
      const verified = await command(['verify', file, '--json']);
      expect(JSON.parse(verified.stdout)).toEqual(JSON.parse(backup.stdout));
      await Promise.all(group.map(killNode));

      const restored = await Promise.all([1, 2, 3].map(() => temporaryFolder()));
      const fingerprints = await Promise.all(
        restored.map(async (folder, at) => {
          const words = ['--data', folder, '--cluster', 'restored', '--algorithm', other];
          const node = ['--node', `n${String(at + 1)}`, '--members', members];
          const result = await command(['restore', file, ...words, ...node, '--json']);
          expect(result.stderr).toBe('');
          return (JSON.parse(result.stdout) as JsonLine)['fingerprint'];
        }),
      );
      expect(new Set(fingerprints).size).toBe(1);
      const again = await Promise.all(
        restored.map((folder, at) => serve(at + 1, ['--data', folder])),
      );
      await hasLeader(one);
      await expectKeys(one, 100);
      await putKeys(one, 1, 3);
      expect((await stateHashes(endpoints)).size).toBe(1);
      const status = await statusOf(one);
      expect(status).toMatchObject({ cluster: 'restored', algorithm: other });
      expect(status?.['appliedIndex']).toBeGreaterThan(header.index);
      expect(again[0]?.logged()).toContain('audit.ndjson');
      // A group like any other: it lives without one of them, which comes back.
      await killNode(again[0] ?? expect.fail());
      const [, two = ''] = endpoints;
      await hasLeader(two);
      await putKeys(two, 1, 3);
      const back = await serve(1, ['--data', restored[0] ?? '']);
      expect((await stateHashes(endpoints)).size).toBe(1);
      await Promise.all([...again.slice(1), back].map(killNode));
    }, 240_000);

    it('that leaves one of three is survived by that one, and new members join it', async () => {
      const data = await temporaryFolder();
      const { http, client, peer, members } = await freeAddresses();
      const serve = (node: number, more: readonly string[]): Promise<RunningProcess> =>
        serveNode([
          ...['--node', `n${String(node)}`, '--http', http(node), '--client', client(node)],
          ...more,
        ]);
      const group = await Promise.all(
        [1, 2, 3].map((node) =>
          serve(node, ['--data', data, '--members', members, '--algorithm', other]),
        ),
      );
      const endpoints = group.map((node) => node.http);
      const [one = '', two = '', three = ''] = endpoints;
      await hasLeader(one);
      await putKeys(two, 1, 50);
      const { code } = await command(['put', 'more', 'x'], { endpoints });
      expect(code).toBe(0);
      expect((await stateHashes(endpoints)).size).toBe(1);
      // A follower or the leader, as it comes.
      await Promise.all(group.slice(1).map(killNode));

      // What it has can be saved in any case, though nobody leads it.
      const saved = join(data, 'saved');
      const local = ['backup', saved, '--consistency', 'local'];
      expect((await command(local, { endpoints: [one] })).code).toBe(0);
      const force = ['force-new-cluster', '--node', 'n1', '--data', data, '--cluster', 'second'];
      await expectRefused([...force, '--yes'], 1, /LOCKED: /);
      await killNode(group[0] ?? expect.fail());
      const asked = await command(force);
      expect([asked.code, asked.stderr]).toEqual([2, expect.stringMatching(/USAGE: .*--yes/)]);
      expect(asked.stdout).toMatch(/members +n1 n2 n3\n[^]*lost +what was decided/);
      expect(await readdir(join(data, 'n1'))).not.toContain('audit.ndjson');
      const forced = await command([...force, '--yes', '--json']);
      expect([forced.code, forced.stderr]).toEqual([0, '']);
      const record = JSON.parse(forced.stdout) as JsonLine;
      const audit = await readFile(join(data, 'n1', 'audit.ndjson'), 'utf8');
      expect(JSON.parse(audit)).toEqual(record);

      const survivor = await serve(1, ['--data', data]);
      expect(survivor.logged()).toContain('audit.ndjson');
      await hasLeader(one);
      await expectKeys(one, 50);
      await putKeys(one, 51, 60);
      // One under a new name, one under that of a lost one, each with an empty folder.
      const empty = await temporaryFolder();
      const joining = ['--data', empty, '--cluster', 'second', '--join', '--algorithm', other];
      const joiners = await Promise.all([
        serve(4, [...joining, '--listen', peer(4)]),
        serve(2, [...joining, '--listen', peer(2)]),
      ]);
      for (const step of ['add-learner', 'add-voter']) {
        for (const node of [4, 2]) {
          const member = `n${String(node)}=${peer(node)}`;
          await eventually(async () => {
            const added = await command(['members', step, member], { endpoints: [one] });
            return added.code === 0 ? true : undefined;
          });
        }
      }
      const grown = [one, two, joiners[0].http];
      expect((await stateHashes(grown)).size).toBe(1);
      // A lost one that comes back with what it had is no member of this cluster, and disturbs nobody.
      const before = await statusOf(one);
      const lost = await serve(3, ['--data', data]);
      await eventually(() => (lost.logged().includes('OTHER_CLUSTER') ? true : undefined));
      await putKeys(one, 61, 70);
      const after = await statusOf(one);
      expect([after?.['epoch'], after?.['leader']]).toEqual([
        before?.['epoch'],
        before?.['leader'],
      ]);
      expect((await statusOf(three))?.['leader']).toBe(null);
      // The survivor has done its duty.
      await Promise.all([killNode(survivor), killNode(lost)]);
      await hasLeader(two);
      await expectKeys(two, 70);
      await putKeys(two, 71, 75);
      await Promise.all(joiners.map(killNode));
    }, 240_000);
  });

  describe('a backup', () => {
    it('that is damaged, foreign, or in the way of another, is told as such', async () => {
      const folder = await temporaryFolder();
      const content = Buffer.alloc(2 * writtenChunkBytes, 'state');
      const file = join(folder, 'good');
      const bytes = await backupOf(content);
      await writeFile(file, bytes);
      const variant = async (name: string, change: (bytes: Buffer) => Buffer): Promise<string> => {
        await writeFile(join(folder, name), change(Buffer.from(bytes)));
        return join(folder, name);
      };
      const cut = await variant('cut', (whole) => whole.subarray(0, -10));
      const flipped = await variant('flipped', (whole) => {
        whole[100_000] = (whole[100_000] ?? 0) ^ 1;
        return whole;
      });
      const foreign = await variant('foreign', () => Buffer.from('PK\u0003\u0004'));
      expect((await command(['verify', file])).code).toBe(0);
      const restoring = (name: string, data: string): readonly string[] => [
        ...['restore', name, '--node', 'n1', '--data', data, '--cluster', 'new'],
        ...['--members', 'n1=127.0.0.1:1'],
      ];
      const data = join(folder, 'data');
      for (const [name, message] of [
        [cut, /CORRUPT: .*cut off/],
        [flipped, /CORRUPT: .*byte/],
        [foreign, /MALFORMED: .*not a backup/],
        [join(folder, 'none'), /IO_FAILED: /],
      ] as const) {
        await expectRefused(['verify', name], 1, message);
        await expectRefused(restoring(name, data), 1, message);
      }
      expect(await readdir(join(data, 'n1'))).toEqual(['lock']);
      // A folder in use, the old name, and what is missing.
      expect((await command(restoring(file, data))).code).toBe(0);
      await expectRefused(restoring(file, data), 1, /FOREIGN_DATA: .*--data/);
      const elsewhere = join(folder, 'elsewhere');
      const words = restoring(file, elsewhere);
      await expectRefused([...words, '--cluster', 'group'], 2, /USAGE: .*--cluster/);
      await expectRefused([...words, '--storage', 'memory'], 2, /USAGE: .*memory/);
      await expectRefused(words.slice(0, -2), 2, /USAGE: .*--members/);
      await expectRefused(['restore', file], 2, /USAGE: .*--cluster/);
      await mkdir(join(elsewhere, 'n1'), { recursive: true });
      await cp(file, join(elsewhere, 'n1', 'thesis.txt'));
      await expectRefused(words, 1, /FOREIGN_DATA: .*thesis/);
      // Nothing is asked of any node where the file is there already.
      await expectRefused(['backup', file, '--endpoints', '127.0.0.1:9'], 2, /USAGE: .*--force/);
      await expectRefused(['force-new-cluster'], 2, /USAGE: .*--node/);
      await expectRefused(['force-new-cluster', '--node', 'n1', '--data', folder], 2, /--cluster/);
      await expectRefused(
        ['force-new-cluster', '--node', 'n9', '--data', folder, '--cluster', 'x'],
        1,
        /INVALID_ARGUMENT: /,
      );
    }, 240_000);

    it('of any size is saved, checked and restored in little memory', async () => {
      const folder = await temporaryFolder();
      const mib = 1024 * 1024;
      const small = join(folder, 'small');
      const large = join(folder, 'large');
      await writeFile(small, await backupOf(Buffer.alloc(10)));
      const sizes = [10, 128 * mib];
      const [least = 0, most = 0] = await Promise.all(
        sizes.map(async (bytes) => {
          const path = bytes === 10 ? small : large;
          const endpoint = await serveBackup(bytes);
          const saving = await measured(
            ['backup', path, '--force', '--endpoints', endpoint],
            folder,
          );
          const verifying = await measured(['verify', path], folder);
          const restoring = await measured(
            [
              ...['restore', path, '--node', 'n1', '--cluster', 'new', '--members', 'n1=h:1'],
              ...['--data', join(folder, `data-${String(bytes)}`)],
            ],
            folder,
          );
          return Math.max(saving, verifying, restoring);
        }),
      );
      expect(most - least).toBeLessThan(96 * mib);
    }, 240_000);
  });
}

function headerOf(bytes: number, checksum: number): BackupHeader {
  return {
    cluster: 'group',
    node: 'n1',
    algorithm: 'raft',
    machine: 'kv',
    program: '1',
    time: new Date(0).toISOString(),
    index: 9,
    bytes,
    checksum,
  };
}

async function backupOf(content: Buffer): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const snapshot = {
    read: (at: number, most: number) => Promise.resolve(content.subarray(at, at + most)),
  };
  const header = headerOf(content.length, crc32(content));
  for await (const part of writeBackup(header, snapshot)) parts.push(part);
  return Buffer.concat(parts);
}

/** A node that hands out a backup of so many zeros, and knows nothing else. */
async function serveBackup(bytes: number): Promise<string> {
  const zeros = Buffer.alloc(writtenChunkBytes);
  let checksum = 0;
  for (let at = 0; at < bytes; at += zeros.length) {
    checksum = crc32(zeros.subarray(0, Math.min(zeros.length, bytes - at)), checksum);
  }
  const snapshot = {
    read: (at: number, most: number) =>
      Promise.resolve(zeros.subarray(0, Math.min(most, bytes - at))),
  };
  const server = createServer((_request, response) => {
    void (async () => {
      for await (const part of writeBackup(headerOf(bytes, checksum), snapshot)) {
        if (!response.write(part)) {
          await new Promise((resolve) => response.once('drain', resolve));
        }
      }
      response.end();
      server.close();
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
}

/** Runs a command, and gives the most memory that it had, in bytes. */
async function measured(words: readonly string[], folder: string): Promise<number> {
  const script = join(folder, 'measure.mjs');
  await writeFile(
    script,
    `process.on('exit', () => process.stderr.write(' maxRSS=' + process.resourceUsage().maxRSS));`,
  );
  const before = process.env['NODE_OPTIONS'];
  process.env['NODE_OPTIONS'] = `--import=file://${script}`;
  let running: Promise<Finished>;
  try {
    running = finish(start(words));
  } finally {
    if (before === undefined) delete process.env['NODE_OPTIONS'];
    else process.env['NODE_OPTIONS'] = before;
  }
  const { code, stderr } = await running;
  const kilobytes = Number(/maxRSS=(\d+)/.exec(stderr)?.[1]);
  expect([code, Number.isFinite(kilobytes)], stderr).toEqual([0, true]);
  return kilobytes * 1024;
}
