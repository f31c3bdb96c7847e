/** Counted in a process of its own: how V8 collects is a matter of the whole process. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import typescript from 'typescript';
import { describe, expect, it } from 'vitest';
import { growingPercent } from '../src/node/collections.ts';

const mebibyte = 1024 * 1024;
const source = fileURLToPath(new URL('../src/node/collections.ts', import.meta.url));

describe('collections of the whole heap', () => {
  it('leave a small heap room of its own, and a large one to V8', () => {
    expect(growingPercent(16 * mebibyte)).toBe(200);
    expect(growingPercent(64 * mebibyte)).toBe(50);
    expect(growingPercent(100 * mebibyte)).toBe(32);
    expect(growingPercent(200 * mebibyte)).toBe(0);
  });

  it('are few while buffers come and go', async () => {
    const [spaced, unspaced] = await Promise.all([
      collections('spaceCollections();'),
      collections(''),
    ]);
    expect(spaced).toBeGreaterThan(0);
    expect(unspaced).toBeGreaterThanOrEqual(2 * spaced);
  });
});

/** How many there are while 192 MiB are received, of which the last eight are kept, and some objects with them. */
async function collections(before: string): Promise<number> {
  const program = `${await translated()}
    ${before}
    const keys = Array.from({ length: 100_000 }, (_, at) => 'key ' + at);
    const objects = (length) => Array.from({ length }, (_, at) => ({ at }));
    const kept = [];
    let passed = 0;
    for (let turn = 0; turn < 6144; turn++) {
      kept.push([new Uint8Array(32_768), objects(64)]);
      if (kept.length > 256) kept.shift();
      passed += objects(512).length;
      if (turn % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    if (keys.length + passed === 0) throw new Error('never');`;
  const node = ['--trace-gc', '--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, node);
  return stdout.split('Mark-Compact').length - 1;
}

async function translated(): Promise<string> {
  return typescript.transpile(await readFile(source, 'utf8'), {
    module: typescript.ModuleKind.ESNext,
    target: typescript.ScriptTarget.ES2023,
  });
}
