/**
 * Programs in Markdown: what they are, how they run, what they print.
 *
 * A comment `<!-- example -->` in front of a block makes it a program. A `ts` block is a whole one; a
 * `diff` block is the program before it with lines replaced. A `text` block in the same section says
 * what it prints; in it, `…` stands for whatever differs from run to run.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { vi } from 'vitest';
import { type Block, parseMarkdown } from './markdown.ts';
import { read, root } from './repository.ts';

/** A program that stands in a page. */
export interface Example {
  readonly page: string;
  /** Unique among all pages, and fit for the name of a file. */
  readonly name: string;
  readonly code: string;
  /** What it prints, where the page says so. */
  readonly output: string | undefined;
  /** Lines in which it differs from the one before it; `undefined` for a whole program. */
  readonly changedLines: number | undefined;
}

const marker = '<!-- example -->';

// Inside this package, so that imports are resolved as those of any user of all packages.
const folder = join(root, 'apps/docs/dist/examples');

/** The programs of a page, in order. */
export function examplesOf(page: string): readonly Example[] {
  const examples: Example[] = [];
  const { blocks } = parseMarkdown(read(page));
  blocks.forEach((block, at) => {
    if (block.before !== marker) return;
    const number = examples.length + 1;
    const name = `${page.replaceAll(/[^\w-]+/g, '-')}-${String(number)}`;
    const previous = examples.at(-1);
    if (block.language === 'diff' && previous !== undefined) {
      const { code, changedLines } = applyDiff(previous.code, block.content);
      const output = outputOf(blocks, at) ?? previous.output;
      examples.push({ page, name, code, output, changedLines });
    } else if (block.language === 'ts') {
      const output = outputOf(blocks, at);
      examples.push({ page, name, code: block.content, output, changedLines: undefined });
    } else {
      throw new Error(`${page}: ${marker} stands before a block of the kind "${block.language}"`);
    }
  });
  return examples;
}

/**
 * The same program on another algorithm: one line changed, besides the import. `undefined` for a
 * program without that line.
 */
export function onAlgorithm(example: Example, algorithm: string): Example | undefined {
  const { name, code } = example;
  const line = /^( *algorithm: )raft\(\)/m;
  if (!line.test(code)) return undefined;
  const from = `from '@quorate/${algorithm}';`;
  const changed = code.replace(line, `$1${algorithm}()`);
  return {
    ...example,
    name: `${name}-on-${algorithm}`,
    code: code.includes(from) ? changed : `import { ${algorithm} } ${from}\n${changed}`,
    changedLines: 1,
  };
}

/** Writes a program to where it can be run and compiled; gives the path. */
export function writeExample({ name, code }: Example): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.ts`);
  writeFileSync(path, code);
  return path;
}

/** Runs a program in an empty folder, on the sources of all packages, and gives what it printed. */
export async function run(example: Example): Promise<string> {
  const path = writeExample(example);
  const home = process.cwd();
  const empty = mkdtempSync(join(tmpdir(), 'quorate-example-'));
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => {
    lines.push(`${format(...words)}\n`);
  });
  process.chdir(empty);
  try {
    await import(/* @vite-ignore */ pathToFileURL(path).href);
  } finally {
    process.chdir(home);
    log.mockRestore();
    rmSync(empty, { recursive: true, force: true });
  }
  return lines.join('');
}

/** A pattern for what a page says is printed. */
export function patternOf(output: string): RegExp {
  const literal = output.split('…').map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${literal.join('.+')}$`);
}

function outputOf(blocks: readonly Block[], at: number): string | undefined {
  const next = blocks[at + 1];
  if (next?.language !== 'text' || next.section !== blocks[at]?.section) return undefined;
  return next.content;
}

function applyDiff(code: string, diff: string): { code: string; changedLines: number } {
  const lines = code.split('\n');
  let at = 0;
  let changedLines = 0;
  for (const line of diff.trimEnd().split('\n')) {
    const text = line.slice(1);
    if (line.startsWith('+')) {
      lines.splice(at, 0, text);
      at += 1;
      continue;
    }
    const found = lines.indexOf(text, at);
    if (found < 0) throw new Error(`the program before it has no line ${JSON.stringify(text)}`);
    at = found;
    if (line.startsWith('-')) {
      lines.splice(at, 1);
      changedLines += 1;
    } else {
      at += 1;
    }
  }
  return { code: lines.join('\n'), changedLines };
}
