/** What is told to strace and read from it, and which names a storage will use. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { namesIn, pathsToCome } from '../src/kernel/paths.ts';
import { straceOf, strikesIn } from '../src/kernel/strace.ts';

describe('strace', () => {
  it('is told which calls fail, and how', () => {
    const words = straceOf(
      {
        calls: ['fdatasync', 'fsync'],
        effect: { error: 'EIO' },
        nth: 3,
        everAfter: false,
        paths: [],
      },
      'log',
    );
    expect(words.join(' ')).toContain('-o log -e trace=?fdatasync,?fsync ');
    expect(words).toContain('inject=?fdatasync,?fsync:error=EIO:when=3');
  });

  it('is told whether later ones fail as well, and on which files', () => {
    const injection = { calls: ['write'], nth: 2, everAfter: true, paths: ['/a/1', '/a/2'] };
    const words = straceOf({ ...injection, effect: { result: 0 } }, 'log').join(' ');
    expect(words).toContain(' -P /a/1 -P /a/2 ');
    expect(words).toContain('inject=?write:retval=0:when=2+');
  });

  it('notes what it struck, and when', () => {
    const log = [
      '24719 1700000000.250000 fdatasync(18) = 0',
      '24720 1700000000.500000 fdatasync(18) = -1 EIO (Input/output error) (INJECTED)',
      '24719 1700000001.000000 fdatasync(19) = -1 EIO (Input/output error) (INJECTED)',
      '24719 1700000001.500000 +++ exited with 0 +++',
    ].join('\n');
    expect(strikesIn(log)).toEqual({ count: 2, firstAtMs: 1_700_000_000_500 });
    expect(strikesIn('')).toEqual({ count: 0, firstAtMs: Infinity });
  });
});

describe('names to come', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quorate-faults-test-'));
    await mkdir(join(folder, 'db'));
    await writeFile(join(folder, 'db', '000009.log'), '');
    await writeFile(join(folder, 'db', 'CURRENT'), '');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('are those that are there, and the next ones of each row', () => {
    const paths = pathsToCome(folder, ['db/MANIFEST-000004', 'snapshots', 'snapshots/7.snapshot']);
    for (const name of ['', 'db', 'db/000009.log', 'db/CURRENT', 'snapshots/7.snapshot']) {
      expect(paths).toContain(join(folder, name));
    }
    for (const name of ['db/000010.log', 'db/MANIFEST-000005', 'snapshots/9.snapshot']) {
      expect(paths).toContain(join(folder, name));
    }
    expect(paths).not.toContain(join(folder, 'db/000008.log'));
  });

  it('are few, where nothing is there', () => {
    expect(namesIn(join(folder, 'nowhere'))).toEqual(['']);
    expect(pathsToCome(join(folder, 'nowhere'), [])).toEqual([join(folder, 'nowhere')]);
  });
});
