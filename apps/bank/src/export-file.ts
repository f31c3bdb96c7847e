/**
 * Exports as files: lines out, lines in.
 */
import { createReadStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';

/** No line of an export is nearly as long; a file without line ends is cut here, and found unsound. */
const maxLineLength = 64 * 1024;

/** So much is written at once. */
const blockLength = 64 * 1024;

/** Writes lines to a file, which is there under its name only once it is whole and on disk. */
export async function writeLines(path: string, lines: AsyncIterable<string>): Promise<void> {
  const unfinished = `${path}.unfinished`;
  try {
    const file = await open(unfinished, 'w');
    try {
      let block = '';
      for await (const line of lines) {
        block += `${line}\n`;
        if (block.length < blockLength) continue;
        await file.writeFile(block);
        block = '';
      }
      await file.writeFile(block);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** The lines of a file, without their ends. */
export async function* readLines(path: string): AsyncGenerator<string, void, undefined> {
  // An export is ASCII. Any other byte becomes a character that is in none, and so is found.
  const stream = createReadStream(path, 'latin1') as AsyncIterable<string>;
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
    if (rest.length <= maxLineLength) continue;
    yield rest;
    rest = '';
  }
  if (rest !== '') yield rest;
}
