/** Reading histories and writing pictures. */
import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LinearizabilityError } from '../errors.ts';
import type { History } from '../operation.ts';
import { HistoryParser, type ParseOptions } from '../parser.ts';
import { pageMark } from '../picture/page.ts';

/** Reads a history, piece by piece: no line has to be in memory to be found too long. */
export async function readHistory(
  file: string,
  stdin: AsyncIterable<Uint8Array>,
  options: ParseOptions,
): Promise<History> {
  const parser = new HistoryParser(options);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const source: AsyncIterable<unknown> = file === '-' ? stdin : createReadStream(file);
  const decode = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw new LinearizabilityError('NOT_JSON', 'it is not UTF-8; write it in that encoding');
    }
  };
  for await (const bytes of source) parser.push(decode(bytes as Uint8Array));
  parser.push(decode());
  return parser.finish();
}

const maxNames = 100;

/**
 * Writes a page, and gives its path: `FILE.violation.html` beside the file or in the folder. A page of
 * ours is replaced; whatever else has the name is left alone, and the next free number is taken.
 */
export async function writePage(
  file: string,
  folder: string | undefined,
  page: string,
): Promise<string> {
  const name = file === '-' ? 'stdin' : basename(file);
  const place = folder ?? (file === '-' ? '.' : dirname(file));
  await mkdir(place, { recursive: true });
  for (let number = 1; number <= maxNames; number++) {
    const suffix = number === 1 ? '' : `-${number}`;
    const path = join(place, `${name}.violation${suffix}.html`);
    if (await isCreated(path, page)) return path;
    if (await isOurs(path)) {
      await writeFile(path, page);
      return path;
    }
  }
  throw new Error(`${name}.violation.html and ${maxNames} more are taken in ${place}`);
}

async function isCreated(path: string, page: string): Promise<boolean> {
  try {
    await writeFile(path, page, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function isOurs(path: string): Promise<boolean> {
  try {
    const file = await open(path);
    try {
      if (!(await file.stat()).isFile()) return false;
    } finally {
      await file.close();
    }
    return (await readFile(path, 'utf8')).startsWith(pageMark);
  } catch {
    return false;
  }
}
