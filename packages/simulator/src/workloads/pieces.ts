/** Snapshots of small machines: one run of bytes, handed out in pieces so that they are more than one. */
import { concatBytes } from '@quorate/core';

const pieceBytes = 64;

/** Gives the bytes piece by piece. */
export async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await Promise.resolve();
    yield bytes.subarray(at, at + pieceBytes);
  }
}

/** Puts pieces of any size together again. */
export async function wholeOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return concatBytes(parts);
}
