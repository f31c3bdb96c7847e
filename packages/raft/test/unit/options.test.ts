/** Options that can never work are refused where they are given. */
import { InvalidArgumentError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { raft } from '../../src/index.ts';

describe('options', () => {
  it.each([
    { electionTimeoutMs: 0 },
    { electionTimeoutMs: Number.NaN },
    { heartbeatMs: -1 },
    { heartbeatMs: 300, electionTimeoutMs: 500 },
    { maxClockDrift: 1 },
    { maxClockDrift: -0.1 },
    { maxAppendBytes: Number.POSITIVE_INFINITY },
    { maxInflightMessages: 0 },
  ])('%o are refused', (options) => {
    expect(() => raft(options)).toThrow(InvalidArgumentError);
  });

  it('need not be given', () => {
    expect(raft()).toMatchObject({ name: 'raft', headerBytes: 6 });
  });
});
