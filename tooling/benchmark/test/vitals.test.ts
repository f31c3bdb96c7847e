import { describe, expect, it } from 'vitest';
import { type Vitals, vitalsOf, worstOf } from '../src/services/vitals.ts';

const text = `# HELP process_resident_memory_bytes Resident memory size in bytes.
process_resident_memory_bytes 104857600
nodejs_heap_size_used_bytes 20971520
nodejs_eventloop_lag_p99_seconds 0.0125
nodejs_eventloop_lag_max_seconds 0.25
nodejs_gc_duration_seconds_sum{kind="minor"} 0.5
nodejs_gc_duration_seconds_count{kind="minor"} 100
nodejs_gc_duration_seconds_sum{kind="major"} 0.25
`;

const vitals: Vitals = {
  ...{ rssMiB: 100, heapMiB: 20, loopDelayP99Ms: 12.5, loopDelayMaxMs: 250, collectorMs: 750 },
};

describe('what a node says of its process', () => {
  it('is read out of its metrics', () => {
    expect(vitalsOf(text)).toEqual(vitals);
  });

  it('has no garbage before the first collection', () => {
    const young = text.split('\n').filter((line) => !line.startsWith('nodejs_gc'));
    expect(vitalsOf(young.join('\n'))).toEqual({ ...vitals, collectorMs: 0 });
  });

  it('must be complete', () => {
    expect(() => vitalsOf(text.replaceAll('process_resident', 'resident'))).toThrow(
      /does not tell process_resident_memory_bytes/,
    );
  });

  it('comes to what the node that fared worst had', () => {
    const nodes = [
      [vitals, { ...vitals, rssMiB: 140, loopDelayP99Ms: 3 }, { ...vitals, rssMiB: 110 }],
      [
        { ...vitals, loopDelayMaxMs: 900 },
        { ...vitals, heapMiB: 50, loopDelayMaxMs: 10 },
        { ...vitals, heapMiB: 30, collectorMs: 850 },
      ],
    ];
    expect(worstOf(nodes, 2000)).toEqual({
      ...{ rssMiB: 110, peakRssMiB: 140, heapMiB: 30 },
      // What was before the stretch does not count.
      ...{ loopDelayP99Ms: 12.5, loopDelayMaxMs: 250, collectorPercent: 5 },
    });
  });
});
