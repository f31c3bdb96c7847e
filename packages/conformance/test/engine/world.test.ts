/** The world that engines are tested in: its time, and what its disks keep. */
import { calm, Clock, Schedule, SimDisk } from '@quorate/conformance/engine';
import { seededRandom } from '@quorate/core';
import { describe, expect, it } from 'vitest';

describe('virtual time', () => {
  it('runs events in order of time, and those of one moment in the order they came', () => {
    const schedule = new Schedule();
    const ran: string[] = [];
    for (const [name, time] of [
      ['c', 20],
      ['a', 10],
      ['d', 20],
      ['b', 10],
    ] as const) {
      schedule.at(time, () => ran.push(name));
    }
    while (schedule.step(15));
    expect([ran.join(''), schedule.now]).toEqual(['ab', 15]);
    while (schedule.step(30));
    expect([ran.join(''), schedule.now, schedule.ran]).toEqual(['abcd', 30, 4]);
  });

  it('never shows a clock the wanted moment too early, however fast it runs', () => {
    for (const rate of [0.7, 1, 1.3]) {
      const clock = new Clock(rate, 12_345.678);
      for (let wanted = 12_400; wanted < 13_000; wanted += 17.3) {
        expect(clock.read(clock.when(wanted))).toBeGreaterThanOrEqual(wanted);
      }
    }
  });
});

describe('a disk', () => {
  const some = Uint8Array.of(1, 2, 3);
  const publish = (disk: SimDisk, id: string, write: number): void => {
    disk.write({ id: write, ops: [{ type: 'snapshot', id, index: write, context: some }] });
  };
  const empty = (): SimDisk => new SimDisk(new Schedule(), seededRandom(1), calm());

  it('has the content of the current snapshot, also after a crash', () => {
    const disk = empty();
    publish(disk, disk.stage(some), 1);
    disk.crash(1);
    publish(disk, disk.stage(Uint8Array.of(9)), 2);
    expect(disk.snapshot).toMatchObject({ index: 1, content: some });
    disk.crash(0);
    expect(disk.snapshot).toMatchObject({ index: 1, content: some });
    expect(disk.recovered().snapshot).toMatchObject({ index: 1, bytes: 3 });
  });

  it('publishes what was staged in this life, and nothing else', () => {
    const disk = empty();
    const id = disk.stage(some);
    disk.crash(0);
    expect(() => {
      publish(disk, id, 1);
    }).toThrow('never staged');
  });
});
