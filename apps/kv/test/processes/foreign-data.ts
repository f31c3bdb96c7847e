/** Data that a node must not run with. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@quorate/harness';
import { algorithmNames } from '@quorate/program';
import { expect, it } from 'vitest';
import { quorate } from '../harness.ts';
import type { GroupOf } from './group.ts';

/** @param group one that has been stopped; later starts show that it is none the worse. */
export function refusedFolders(group: GroupOf): void {
  it('refuses a data folder that is corrupt, foreign or emptied, and leaves it as it is', async () => {
    const { algorithm, data, port } = group();
    const otherAlgorithms = algorithmNames.filter((name) => name !== algorithm);
    const refused = async (words: readonly string[], message: RegExp): Promise<void> => {
      const { code, stderr } = await quorate(['serve', '--node', 'n1', '--json', ...words]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
    };

    /** A folder in which these parts of a node stand as n1. */
    const copyOf = async (node: string, ...names: readonly string[]): Promise<string> => {
      const folder = await temporaryFolder();
      await mkdir(join(folder, 'n1'));
      for (const name of names) {
        await cp(join(data, node, name), join(folder, 'n1', name), { recursive: true });
      }
      return folder;
    };
    const forged = async (): Promise<string> => {
      const folder = await copyOf('n2', 'log');
      await cp(join(data, 'n1', 'node.json'), join(folder, 'n1', 'node.json'));
      return folder;
    };
    const mislabelled = async (other: string): Promise<string> => {
      const folder = await copyOf('n1', 'log', 'node.json');
      const path = join(folder, 'n1', 'node.json');
      const memory = JSON.parse(await readFile(path, 'utf8')) as object;
      await writeFile(path, JSON.stringify({ ...memory, algorithm: other }));
      return folder;
    };
    const strange = async (): Promise<string> => {
      const folder = await copyOf('n1');
      await writeFile(join(folder, 'n1', 'thesis.txt'), 'x');
      return folder;
    };
    const brokenMemory = async (): Promise<string> => {
      const folder = await copyOf('n1', 'log');
      await writeFile(join(folder, 'n1', 'node.json'), '{"format":');
      return folder;
    };
    const brokenLog = async (): Promise<string> => {
      const folder = await copyOf('n1', 'log', 'node.json');
      await damage(join(folder, 'n1', 'log'));
      return folder;
    };

    await Promise.all([
      // Another cluster, algorithm or storage, or other members than the group started with.
      refused(['--data', data, '--cluster', 'other'], /FOREIGN_DATA: .*cluster/),
      ...[...otherAlgorithms, 'other'].map((other) =>
        refused(['--data', data, '--algorithm', other], /FOREIGN_DATA: .*algorithm/),
      ),
      refused(['--data', data, '--storage', 'memory'], /FOREIGN_DATA: .*storage/),
      refused(['--data', data, '--members', 'n1=127.0.0.1:1'], /INVALID_ARGUMENT: .*members/),
      // A copy of another node; even with a forged memory, the storage knows whose it is.
      refused(['--data', await copyOf('n2', 'log', 'node.json')], /FOREIGN_DATA: .*n2/),
      refused(['--data', await forged()], /FOREIGN_DATA: /),
      // Somebody else's folder.
      refused(
        ['--data', await strange(), '--members', `n1=127.0.0.1:${String(port + 11)}`],
        /FOREIGN_DATA: .*thesis/,
      ),
      // A log that is gone: the node must not come back as if it were new.
      refused(['--data', await copyOf('n1', 'node.json')], /STATE_LOST: /),
      // Damage.
      refused(['--data', await brokenMemory()], /CORRUPT: .*node\.json/),
    ]);
    // The same ports as above, which are free again.
    await refused(['--data', await brokenLog()], /CORRUPT: /);
    for (const other of otherAlgorithms) {
      await refused(['--data', await mislabelled(other)], /FOREIGN_DATA: .*algorithm/);
      const demo = await quorate(['demo', '--data', data, '--algorithm', other]);
      expect([demo.code, demo.stderr]).toEqual([
        1,
        expect.stringMatching(/FOREIGN_DATA: .*algorithm/),
      ]);
    }
  }, 60_000);
}

/** Flips bytes in the middle of every file of a folder that is not tiny. */
async function damage(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path);
    if (bytes.length < 64) continue;
    for (let at = Math.floor(bytes.length / 3); at < bytes.length / 2; at++)
      bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    await writeFile(path, bytes);
  }
}
