/** The work of the floors: synced appends, and bytes that go to another process and back. */
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type Measurement, Recorder } from '../results/measurement.ts';

/** The file starts over at this size, so that a fast disk is not filled. */
const maxFileBytes = 256 * 1024 * 1024;

/** How long, and whether to go on: called again and again, it throws where not. */
export interface Duration {
  readonly seconds: number;
  readonly checkpoint: () => void;
}

/** Appends blocks to a file in the folder and makes each durable before the next. */
export async function syncedAppends(
  folder: string,
  bytes: number,
  duration: Duration,
): Promise<Measurement> {
  const block = new Uint8Array(bytes).fill(0x78);
  const file = await open(join(folder, 'floor'), 'w');
  let written = 0;
  try {
    return await repeat(duration, 1, async () => {
      if (written + bytes > maxFileBytes) {
        await file.truncate(0);
        written = 0;
      }
      await file.write(block, 0, bytes, written);
      await file.datasync();
      written += bytes;
    });
  } finally {
    await file.close();
  }
}

/** Sends so many frames in one write to an echo, and waits until all are back. */
export async function pingPong(
  port: number,
  bytes: number,
  frames: number,
  duration: Duration,
): Promise<Measurement> {
  const block = new Uint8Array(bytes * frames).fill(0x78);
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  try {
    return await repeat(duration, frames, () => roundTrip(socket, block));
  } finally {
    socket.destroy();
  }
}

function roundTrip(socket: Socket, block: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    let left = block.length;
    const receive = (bytes: Uint8Array): void => {
      left -= bytes.length;
      if (left > 0) return;
      settle();
      resolve();
    };
    const fail = (): void => {
      settle();
      reject(new Error('the echo went away'));
    };
    const settle = (): void => {
      socket.off('data', receive).off('error', fail).off('close', fail);
    };
    socket.on('data', receive).on('error', fail).on('close', fail);
    socket.write(block);
  });
}

async function repeat(
  { seconds, checkpoint }: Duration,
  operations: number,
  work: () => Promise<void>,
): Promise<Measurement> {
  const recorder = new Recorder();
  const from = performance.now();
  const end = from + seconds * 1000;
  let now = from;
  do {
    checkpoint();
    const began = now;
    await work();
    now = performance.now();
    recorder.record(now - began, operations);
  } while (now < end);
  return recorder.result(now - from, {});
}
