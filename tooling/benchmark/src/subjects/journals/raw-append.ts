/**
 * What the disk can do: the bytes of a write, and nothing else, go into a file that was filled with
 * zeros in advance, by one `write` and one `fdatasync` through the callbacks of Node.
 *
 * Blocks that exist already need no change of the file system's own data, so nothing that appends
 * durably through these calls can be faster. At its end the file is gone through once more.
 */
import * as fs from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Journal } from './journal.ts';

const fileBytes = 64 * 1024 * 1024;
const zeros = new Uint8Array(1024 * 1024);

/**
 * Makes the file in an empty folder.
 *
 * @param mostBytes of one write.
 */
export async function openRawAppend(directory: string, mostBytes: number): Promise<Journal> {
  const bytes = Math.max(fileBytes, mostBytes);
  const file = await open(join(directory, 'append'), 'wx+');
  for (let at = 0; at < bytes; at += zeros.length) await file.write(zeros, 0, zeros.length, at);
  await file.sync();
  let position = 0;
  let syncs = 0;
  return {
    prepare({ block }) {
      if (position + block.length > bytes) position = 0;
      const from = position;
      position += block.length;
      return () =>
        new Promise((resolve, reject) => {
          fs.write(file.fd, block, 0, block.length, from, (writeError, written) => {
            if (writeError !== null || written < block.length) {
              reject(writeError ?? new Error('a short write'));
              return;
            }
            fs.fdatasync(file.fd, (error) => {
              syncs += 1;
              if (error === null) resolve();
              else reject(error);
            });
          });
        });
    },
    get syncs() {
      return syncs;
    },
    close: () => file.close(),
  };
}
