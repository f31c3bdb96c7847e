/** Options that can never work are refused where they are given. */
import { InvalidArgumentError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { raft } from '../../src/index.ts';

describe('options', () => {
  it.each([
    { maxInflightMessages: 0 },
    { maxInflightMessages: Number.NaN },
    // Those of every engine are checked with the rest (`engineSettingsOf`).
    { electionTimeoutMs: 0 },
  ])('%o are refused', (options) => {
    expect(() => raft(options)).toThrow(InvalidArgumentError);
  });

  it('need not be given', () => {
    expect(raft()).toMatchObject({ name: 'raft', headerBytes: 6 });
  });
});
