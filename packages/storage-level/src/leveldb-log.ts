/**
 * The framing of LevelDB's log files, read only: what LevelDB calls log format, version 1.20.
 *
 * A file is a row of blocks of 32 KiB. A batch lies in one *whole* fragment, or in a *first*, some
 * *middle* and a *last* one; a fragment never crosses the end of its block. Each has 7 bytes in
 * front: u32 masked CRC-32C over type and content, u16 length, u8 type, little-endian.
 */
import { type FileSystem, readUpTo } from '@quorate/files';
import { maskedCrc32c } from './castagnoli.ts';

const blockBytes = 32 * 1024;
const headerBytes = 7;

export type FragmentType = 'whole' | 'first' | 'middle' | 'last';

const types: readonly (FragmentType | undefined)[] = [
  undefined,
  'whole',
  'first',
  'middle',
  'last',
];

/** What stands at one place of a log file. */
export type Piece =
  | { readonly type: FragmentType; readonly at: number; readonly content: Uint8Array }
  /** No fragment, or one that fails its check: the rest of the block cannot be trusted. */
  | { readonly type: 'damage'; readonly at: number };

/**
 * Reads a log file from its beginning to its end. After damage it goes on with the first fragment
 * behind it that passes its check, wherever in the block that is.
 */
export async function* readLog(files: FileSystem, path: string): AsyncGenerator<Piece> {
  const file = await files.open(path, 'read');
  try {
    for (let start = 0; ; start += blockBytes) {
      const block = await readUpTo(file, blockBytes, start);
      yield* readBlock(block, start);
      if (block.length < blockBytes) return;
    }
  } finally {
    await file.close();
  }
}

function* readBlock(block: Uint8Array, start: number): Generator<Piece> {
  let damaged = false;
  for (
    let at = 0;
    block.length - at >= headerBytes || (block.length < blockBytes && at < block.length);
  ) {
    const piece = fragmentAt(block, at);
    if (piece !== undefined) {
      yield { ...piece, at: start + at };
      at += headerBytes + piece.content.length;
      damaged = false;
    } else {
      if (!damaged) yield { type: 'damage', at: start + at };
      damaged = true;
      at++;
    }
  }
}

/** The fragment at this place of a block, if there is one that passes its check. */
function fragmentAt(
  block: Uint8Array,
  at: number,
): { readonly type: FragmentType; readonly content: Uint8Array } | undefined {
  if (block.length - at < headerBytes) return undefined;
  const view = new DataView(block.buffer, block.byteOffset + at, headerBytes);
  const length = view.getUint16(4, true);
  const type = types[view.getUint8(6)];
  if (type === undefined || length > block.length - at - headerBytes) return undefined;
  const covered = block.subarray(at + headerBytes - 1, at + headerBytes + length);
  return maskedCrc32c(covered) === view.getUint32(0, true)
    ? { type, content: covered.subarray(1) }
    : undefined;
}
