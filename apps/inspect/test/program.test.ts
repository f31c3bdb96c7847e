/** The program, from its words to what it prints and its exit code. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Algorithm,
  encodeEntry,
  membershipOf,
  type Storage,
  type StorageOwner,
  utf8,
} from '@quorate/core';
import { captured } from '@quorate/harness';
import { paxos } from '@quorate/paxos';
import { raft } from '@quorate/raft';
import { fileStorage } from '@quorate/storage-file';
import { levelStorage } from '@quorate/storage-level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../src/program.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'quorate-inspect-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

interface Told {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

async function tell(...words: readonly string[]): Promise<Told> {
  const { code, stdout, stderr } = await captured(() => run(words));
  return { exitCode: code, out: stdout, err: stderr };
}

/** What the tests need of an algorithm; the messages are nobody's business here. */
type Tested = Pick<Algorithm<unknown>, 'name' | 'headerBytes' | 'beginFrom'>;

const algorithms: readonly Tested[] = [raft(), paxos()];
const storages: Readonly<Record<string, (path: string) => Storage>> = {
  file: (path) => fileStorage({ directory: path }),
  level: (path) => levelStorage({ directory: path }),
};

/** The folder of a node whose group began with a saved state, at index 7. */
async function fill(algorithm: Tested, storage: Storage): Promise<void> {
  const owner: StorageOwner = { cluster: 'demo', node: 'n1', algorithm: algorithm.name };
  await storage.open(owner);
  const writer = await storage.snapshots.stage();
  await writer.write(utf8('the state of the machine'));
  await writer.finish();
  const membership = membershipOf([{ id: 'n1', address: '127.0.0.1:7411' }]);
  const snapshot = { id: writer.id, index: 7 };
  await storage.write(algorithm.beginFrom({ snapshot, membership }));
  const record = encodeEntry(
    { kind: 'commands', time: 1000, incarnation: 5, ticket: 3, payloads: [utf8('a'), utf8('b')] },
    algorithm.headerBytes,
  );
  await storage.write([{ type: 'put', index: 8, record }]);
  await storage.close();
}

describe.each(algorithms.map((algorithm) => [algorithm.name, algorithm] as const))(
  '%s',
  (_, algorithm) => {
    it.each(Object.entries(storages))(
      'tells what a folder of storage-%s holds',
      async (name, make) => {
        await fill(algorithm, make(directory));
        const text = await tell(directory);
        expect(text.err).toBe('');
        expect(text.exitCode).toBe(0);
        expect(text.out).toContain(`storage ${name}, format`);
        expect(text.out).toContain(`node n1 of cluster demo, ${algorithm.name}`);
        expect(text.out).toMatch(/from index 8 to 8/);
        expect(text.out).toMatch(/of index 7, 24 bytes, CRC-32 [0-9a-f]{8}, current/);
        expect(text.out).toContain('n1=127.0.0.1:7411');
        expect(text.out).toMatch(/damage +none seen/);

        const verified = await tell('verify', directory, '--json', '--records');
        expect(verified.exitCode).toBe(0);
        const lines = verified.out
          .trim()
          .split('\n')
          .map((line): unknown => JSON.parse(line));
        expect(lines.at(-1)).toMatchObject({
          owner: { cluster: 'demo', node: 'n1', algorithm: algorithm.name },
          storage: name,
          records: { first: 8, last: 8 },
          snapshots: [
            {
              index: 7,
              bytes: 24,
              intact: true,
              context: { explained: { voters: ['n1=127.0.0.1:7411'] } },
            },
          ],
          damage: [],
          intact: true,
        });
        // A record that no leader has stamped has a term, of 0, but no ballot: then its bytes alone are told.
        const explained = { term: 0, entry: 'commands', time: 1000, commands: 2 };
        expect(lines).toContainEqual(
          expect.objectContaining({
            kind: 'put',
            index: 8,
            ...(algorithm.name === 'raft' && { explained }),
          }),
        );
      },
    );
  },
);

describe('damage', () => {
  it('is told, with exit code 1, and nothing is changed', async () => {
    await fill(raft(), fileStorage({ directory }));
    const [name = ''] = await readdir(join(directory, 'segments'));
    const path = join(directory, 'segments', name);
    const bytes = await readFile(path);
    bytes[100] = (bytes[100] ?? 0) ^ 4;
    await writeFile(path, bytes);
    const { exitCode, out } = await tell(directory);
    expect(exitCode).toBe(1);
    expect(out).toMatch(/damage +0000000001\.segment, byte \d+: .*acknowledged/);
    expect(await readFile(path)).toEqual(bytes);
    const json = await tell('verify', directory, '--json');
    expect(json.exitCode).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ intact: false });
  });
});

describe('what makes no sense', () => {
  it.each([
    [[], 2, 'USAGE: missing required argument'],
    [['--nonsense', 'x'], 2, 'USAGE: unknown option'],
    [['/nowhere/at/all'], 3, 'FOREIGN_DATA: /nowhere/at/all has no quorate.json'],
  ] as const)('%j', async (words, exitCode, message) => {
    const told = await tell(...words);
    expect(told).toMatchObject({ exitCode, out: '' });
    expect(told.err).toContain(message);
  });

  it('an index that is none, and a folder that a node has open', async () => {
    await fill(raft(), fileStorage({ directory }));
    const bad = await tell(directory, '--records', '--from', 'x');
    expect(bad).toMatchObject({ exitCode: 2 });
    expect(bad.err).toContain('USAGE: --from takes an index');
    const storage = fileStorage({ directory });
    await storage.open({ cluster: 'demo', node: 'n1', algorithm: 'raft' });
    const told = await tell(directory);
    await storage.close();
    expect(told).toMatchObject({ exitCode: 3, out: '' });
    expect(told.err).toContain('LOCKED: ');
  });

  it('finds the storage in the folder of a node', async () => {
    await fill(raft(), fileStorage({ directory: join(directory, 'log') }));
    expect(await tell(directory)).toMatchObject({ exitCode: 0 });
  });
});
