import { describe, expect, it } from 'vitest';
import { Recorder } from '../src/results/measurement.ts';

describe('the recorder', () => {
  it('gives operations a second, and latencies in microseconds', () => {
    const recorder = new Recorder();
    for (let ms = 1; ms <= 100; ms++) recorder.record(ms);
    const result = recorder.result(500, { syncsPerCommand: 1 });
    expect(result).toMatchObject({ seconds: 0.5, operationsPerSecond: 200 });
    expect(result.figures).toEqual({ syncsPerCommand: 1 });
    expect(result.p50 / 50_000).toBeCloseTo(1, 2);
    expect(result.p99 / 99_000).toBeCloseTo(1, 2);
    expect(result.p999 / 100_000).toBeCloseTo(1, 2);
    expect(result.max / 100_000).toBeCloseTo(1, 2);
  });

  it('counts what one call completed', () => {
    const recorder = new Recorder();
    recorder.record(1, 64);
    recorder.record(1, 64);
    expect(recorder.result(1000, {}).operationsPerSecond).toBe(128);
  });

  it('forgets the warm-up', () => {
    const recorder = new Recorder();
    recorder.record(5000);
    recorder.reset();
    recorder.record(1);
    const { operationsPerSecond, max } = recorder.result(1000, {});
    expect(operationsPerSecond).toBe(1);
    expect(max / 1000).toBeCloseTo(1, 2);
  });

  it('takes what is shorter or longer than it can tell for the shortest or the longest', () => {
    const recorder = new Recorder();
    recorder.record(0);
    recorder.record(3_600_000);
    const { p50, max } = recorder.result(1000, {});
    expect(p50).toBe(0.001);
    expect(max / 600e6).toBeCloseTo(1, 2);
  });

  it('says nothing of work in which nothing was completed', () => {
    expect(() => new Recorder().result(1000, {})).toThrow(RangeError);
  });
});
