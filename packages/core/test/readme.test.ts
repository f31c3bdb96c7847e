import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the example in the README', () => {
  it('is the one that is tested here', () => {
    const blocks = [...read('../README.md').matchAll(/<!-- example -->\n+```ts\n(.*?)```/gs)];
    expect(blocks.map(([, code]) => code)).toEqual([read('example.ts')]);
  });

  it('says what it should', async () => {
    const log = vi.spyOn(console, 'log').mockReturnValue();
    await import('./example.ts');
    expect(log.mock.calls).toEqual([[{ result: '', answer: 'hello' }], [{ answer: 'hello' }]]);
  });
});
