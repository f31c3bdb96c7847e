/** Options of every engine: what is left open gets a default, and what can never work is refused. */
import { describe, expect, it } from 'vitest';
import { checkPositive, engineSettingsOf } from '../../src/engines/options.ts';
import { InvalidArgumentError } from '../../src/index.ts';

describe('options of an engine', () => {
  it('need not be given', () => {
    const settings = engineSettingsOf({});
    expect(settings).toMatchObject({ electionTimeoutMs: 500, heartbeatMs: 100, stallMs: 2000 });
    for (const value of Object.values(settings)) expect(value).toBeGreaterThan(0);
  });

  it('stand as they are given', () => {
    const options = { electionTimeoutMs: 50, heartbeatMs: 10, maxAppendBytes: 1, stallMs: 7 };
    expect(engineSettingsOf(options)).toMatchObject(options);
  });

  it('let a disk hang for four election time-outs, unless told otherwise', () => {
    expect(engineSettingsOf({ electionTimeoutMs: 1000 }).stallMs).toBe(4000);
  });

  it.each([
    { electionTimeoutMs: 0 },
    { electionTimeoutMs: Number.NaN },
    { heartbeatMs: -1 },
    { heartbeatMs: 300, electionTimeoutMs: 500 },
    { maxClockDrift: 1 },
    { maxClockDrift: -0.1 },
    { maxAppendBytes: Number.POSITIVE_INFINITY },
    { maxPendingReads: 0 },
    { maxHeldLogBytes: -1 },
  ])('%o are refused', (options) => {
    expect(() => engineSettingsOf(options)).toThrow(InvalidArgumentError);
  });

  it.each([
    { heartbeatMs: 250, electionTimeoutMs: 500 },
    { maxClockDrift: 0 },
    { maxTailBytes: 0, keepBytesBehindSnapshot: 0, maxHeldLogBytes: 0 },
  ])('%o are not', (options) => {
    expect(engineSettingsOf(options)).toMatchObject(options);
  });
});

describe('a positive number', () => {
  it('is named where it is none', () => {
    expect(() => {
      checkPositive('sizeBytes', -3);
    }).toThrow('sizeBytes must be a positive number, got -3');
  });

  it('may be as small as its least', () => {
    expect(() => {
      checkPositive('sizeBytes', 0, 0);
    }).not.toThrow();
  });
});
