import { describe, expect, test } from 'vitest';
import { builtFiles, builtFrom } from '../src/built-sources.js';

describe('what is built', () => {
  test('stands in dist as its source does in src', () => {
    const built = '/work/packages/raft/dist/checks/index.js';
    expect(builtFrom('/work/packages/raft/src/checks/index.ts')).toBe(built);
    expect(builtFrom('C:\\work\\packages\\raft\\src\\checks\\index.ts')).toBe(`C:${built}`);
    expect(built).toMatch(builtFiles);
  });

  test.each([
    '/work/packages/raft/test/cluster.ts',
    '/work/tooling/checks/src/run.js',
    '/work/packages/raft/test/fixture/src/engine.ts',
    '/work/src/engine.ts',
  ])('is nothing of %s', (path) => {
    expect(builtFrom(path)).toBeUndefined();
    expect(path).not.toMatch(builtFiles);
  });
});
