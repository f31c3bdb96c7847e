import { describe, expect, test } from 'vitest';
import { builtFiles, builtFrom } from '../src/built-sources.js';

describe('what is built', () => {
  test('stands in dist as its source does in src', () => {
    const built = '/repo/packages/raft/dist/checks/index.js';
    expect(builtFrom('/repo/packages/raft/src/checks/index.ts')).toBe(built);
    expect(builtFrom('C:\\repo\\packages\\raft\\src\\checks\\index.ts')).toBe(`C:${built}`);
    expect(built).toMatch(builtFiles);
  });

  test.each([
    '/repo/packages/raft/test/cluster.ts',
    '/repo/tooling/checks/src/run.js',
    '/repo/packages/raft/test/fixture/src/engine.ts',
    '/repo/src/engine.ts',
  ])('is nothing of %s', (path) => {
    expect(builtFrom(path)).toBeUndefined();
    expect(path).not.toMatch(builtFiles);
  });
});
