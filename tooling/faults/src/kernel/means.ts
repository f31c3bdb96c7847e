/** What this machine offers for faults, and why not where it does not. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Stage } from '../scenarios/stage.ts';
import { describe } from '../text.ts';
import { run } from './child.ts';
import { straceOf } from './strace.ts';

/** Something that a scenario cannot do without. */
export type Means = 'strace' | 'tmpfs' | 'loop';

const tools: Readonly<Record<Means, readonly string[]>> = {
  strace: ['strace', 'setpriv'],
  tmpfs: ['unshare', 'nsenter', 'mount', 'umount'],
  loop: ['unshare', 'nsenter', 'mount', 'umount', 'mkfs.ext4', 'fsfreeze'],
};

/** Why something cannot be done here; `undefined`: it can. */
export async function whyNot(means: Means, stage: Stage): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'it needs Linux';
  const missing = tools[means].find((tool) => !isOnPath(tool));
  if (missing !== undefined) return `there is no ${missing} on the PATH`;
  if (means !== 'strace' && process.getuid?.() !== 0) return 'only root may mount';
  try {
    await tryOut(means, stage);
    return undefined;
  } catch (error) {
    return describe(error);
  }
}

/** Whether a program can be started by its name. */
export function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
}

async function tryOut(means: Means, stage: Stage): Promise<void> {
  const folder = await stage.folder();
  if (means === 'strace') {
    const effect = { error: 'EIO' };
    const injection = { calls: ['fdatasync'], effect, nth: 1, everAfter: false, paths: [] };
    await run([...straceOf(injection, join(folder, 'log')), 'true']);
    return;
  }
  const namespace = await stage.namespace();
  if (means === 'tmpfs') {
    await namespace.run('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder);
    return;
  }
  const image = join(folder, 'image');
  const disk = join(folder, 'disk');
  await namespace.run('mkdir', disk);
  await namespace.run('truncate', '-s', '4M', image);
  await namespace.run('mkfs.ext4', '-q', '-F', image);
  await namespace.run('mount', '-o', 'loop', image, disk);
  await namespace.run('umount', disk);
}
