/** Small disks of their own: one that can be full at any moment, and one that loses its power. */
import { rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from './child.ts';
import type { Namespace } from './namespace.ts';

/** A disk that can be made nearly full, and roomy again. */
export interface TightDisk {
  /** Where it is mounted. */
  readonly path: string;
  /** Leaves so many bytes free, or what there is if that is less. */
  squeeze(freeBytes: number): Promise<void>;
  /** Makes room. */
  relax(): Promise<void>;
}

const mebibyte = 2 ** 20;

/** A disk in memory, which changes its size. @param path an empty folder. */
export async function tmpfsDisk(namespace: Namespace, path: string): Promise<TightDisk> {
  const roomy = `size=${256 * mebibyte}`;
  await namespace.run('mount', '-t', 'tmpfs', '-o', `mode=0700,${roomy}`, 'tmpfs', path);
  const resize = async (size: string): Promise<void> => {
    await namespace.run('mount', '-o', `remount,${size}`, path);
  };
  return {
    path,
    squeeze: async (freeBytes) => {
      const { blocks, bfree, bsize } = await statfs(namespace.outside(path));
      // In whole pages: what is less than what is used already would be refused.
      const pages = blocks - bfree + Math.max(1, Math.ceil(freeBytes / bsize));
      await resize(`size=${pages * bsize}`);
    },
    relax: () => resize(roomy),
  };
}

/** An ext4 in a file, on which another file takes the room. @param folder an empty one. */
export async function imageDisk(namespace: Namespace, folder: string): Promise<TightDisk> {
  const [image, path] = [join(folder, 'image'), join(folder, 'disk')];
  await makeImage(namespace, image, 128 * mebibyte);
  await mountImage(namespace, image, path);
  const ballast = join(namespace.outside(path), 'ballast');
  return {
    path,
    squeeze: async (freeBytes) => {
      const { bavail, bsize } = await statfs(namespace.outside(path));
      await writeFile(ballast, new Uint8Array(Math.max(0, bavail * bsize - freeBytes)));
    },
    relax: () => rm(ballast, { force: true }),
  };
}

/**
 * A disk whose content can be taken at any instant, as a loss of power would leave it.
 *
 * It is a file on another file system, which is frozen while the file is copied: what the disk was
 * given before is in the copy, in that order, and nothing that came later. What the kernel still had
 * in its memory is not.
 */
export class PowerDisk {
  /** Where it is mounted. */
  readonly path: string;
  readonly #namespace: Namespace;
  readonly #outer: string;

  private constructor(namespace: Namespace, folder: string) {
    this.#namespace = namespace;
    this.path = join(folder, 'disk');
    this.#outer = join(folder, 'outer');
  }

  /** Makes one that is ready. @param folder an empty one. */
  static async make(namespace: Namespace, folder: string): Promise<PowerDisk> {
    const disk = await PowerDisk.prepare(namespace, folder);
    await makeImage(namespace, disk.#image, 64 * mebibyte);
    await disk.mount();
    return disk;
  }

  /** Makes one that waits for the content of another. @param folder an empty one. */
  static async prepare(namespace: Namespace, folder: string): Promise<PowerDisk> {
    const disk = new PowerDisk(namespace, folder);
    const outer = join(folder, 'outer.image');
    await makeImage(namespace, outer, 96 * mebibyte, '-O', '^has_journal');
    await mountImage(namespace, outer, disk.#outer);
    return disk;
  }

  /** Gives what is on it at this instant to another one, which can be mounted then. */
  async cut(other: PowerDisk): Promise<void> {
    const script =
      'fsfreeze -f "$1" || exit 1; cp --sparse=always "$2" "$3"; result=$?; fsfreeze -u "$1"; exit $result';
    // One process, which goes on when this one is killed: nothing must stay frozen.
    const words = ['sh', '-c', script, 'sh', this.#outer, this.#image, other.#image];
    await run([...this.#namespace.enter, ...words], 120_000);
  }

  mount(): Promise<void> {
    return mountImage(this.#namespace, this.#image, this.path);
  }

  /** Lets go of it. */
  async close(): Promise<void> {
    await this.#namespace.run('umount', this.path);
    await this.#namespace.run('umount', this.#outer);
  }

  get #image(): string {
    return join(this.#outer, 'image');
  }
}

async function makeImage(
  namespace: Namespace,
  image: string,
  bytes: number,
  ...more: readonly string[]
): Promise<void> {
  await namespace.run('truncate', '-s', String(bytes), image);
  await namespace.run('mkfs.ext4', '-q', '-F', '-m', '0', ...more, image);
}

async function mountImage(namespace: Namespace, image: string, path: string): Promise<void> {
  await namespace.run('mkdir', '-p', path);
  await namespace.run('mount', '-o', 'loop', image, path);
}
