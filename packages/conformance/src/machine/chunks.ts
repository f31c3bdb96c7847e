/** Snapshots as bytes and as streams of chunks, cut in whatever way. */
import { concatBytes, equalBytes, type Random } from '@quorate/core';
import { check } from '../check.ts';

/** The whole snapshot. Checks that no chunk changes after it was handed out. */
export async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const handed: Uint8Array[] = [];
  const copies: Uint8Array[] = [];
  for await (const chunk of chunks) {
    handed.push(chunk);
    copies.push(chunk.slice());
  }
  checkUnchanged(handed, copies);
  return concatBytes(copies);
}

/** Checks chunks against copies that were made when they came. */
export function checkUnchanged(chunks: readonly Uint8Array[], copies: readonly Uint8Array[]): void {
  check(
    chunks.every((chunk, at) => equalBytes(chunk, copies[at] ?? chunk)),
    'a chunk of a snapshot changed after it was handed out',
  );
}

/** A stream of chunks. */
export async function* stream(chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  yield* chunks;
}

/** Pieces of the same length, but for the last. */
export function cutEvery(bytes: Uint8Array, pieceBytes: number): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    pieces.push(bytes.slice(at, at + pieceBytes));
  }
  return pieces;
}

/** Pieces of random lengths, some of them empty. */
export function cutAnywhere(bytes: Uint8Array, random: Random): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [new Uint8Array(0)];
  for (let at = 0; at < bytes.length; ) {
    const length = random.below(random.pick([2, 20, 2000, bytes.length + 1]));
    pieces.push(bytes.slice(at, at + length));
    at += length;
  }
  return pieces;
}

/** Up to `count` different places from 0 below `length`, in order: all of them if there are no more. */
export function places(length: number, count: number, random: Random): readonly number[] {
  if (length <= count) return Array.from({ length }, (_, at) => at);
  const chosen = new Set([0, length - 1]);
  while (chosen.size < count) chosen.add(random.below(length));
  return [...chosen].sort((left, right) => left - right);
}
