import { describe, expect, it } from 'vitest';
import { closedLoop } from '../src/subjects/closed-loop.ts';
import { countFrom, type Tally } from '../src/subjects/tally.ts';

/** Commands that are done in the next turn, all together. */
class Service {
  inFlight = 0;
  most = 0;
  done = 0;
  failAt = Number.POSITIVE_INFINITY;

  readonly execute = async (): Promise<void> => {
    this.inFlight += 1;
    this.most = Math.max(this.most, this.inFlight);
    await new Promise(setImmediate);
    this.inFlight -= 1;
    this.done += 1;
    if (this.done >= this.failAt) throw new Error('overloaded');
  };

  readonly watch = (): ReturnType<typeof countFrom> =>
    countFrom((): Tally => {
      const { done } = this;
      return { commands: done, entries: done / 4, syncs: done / 8, frames: done / 2 };
    });
}

describe('a closed loop', () => {
  it('keeps as many commands in flight as it has clients', async () => {
    const service = new Service();
    const task = { clients: 8, seconds: 0.02, warmUpSeconds: 0.01 };
    const measurement = await closedLoop(service.execute, task, service.watch);
    expect(service.most).toBe(8);
    expect(measurement.seconds).toBeGreaterThanOrEqual(0.02);
    const counted = measurement.operationsPerSecond * measurement.seconds;
    expect(counted).toBeGreaterThan(0);
    expect(counted).toBeLessThan(service.done);
  });

  it('counts only what was done meanwhile', async () => {
    const service = new Service();
    const task = { clients: 8, seconds: 0.02, warmUpSeconds: 0 };
    const { figures } = await closedLoop(service.execute, task, service.watch);
    expect(figures).toEqual({
      syncsPerCommand: 1 / 8,
      framesPerCommand: 1 / 2,
      commandsPerEntry: 4,
    });
  });

  it('counts what lies in a span of its own, however long that is', async () => {
    const service = new Service();
    const task = { clients: 8, seconds: 60, warmUpSeconds: 60 };
    const span = { begins: () => service.done >= 40, ends: () => service.done >= 80 };
    const measurement = await closedLoop(service.execute, task, service.watch, span);
    const counted = measurement.operationsPerSecond * measurement.seconds;
    expect(Math.round(counted)).toBeGreaterThan(30);
    expect(Math.round(counted)).toBeLessThanOrEqual(40);
  });

  it('ends with the first command that fails', async () => {
    const service = new Service();
    service.failAt = 20;
    const task = { clients: 8, seconds: 60, warmUpSeconds: 0 };
    await expect(closedLoop(service.execute, task, service.watch)).rejects.toThrow('overloaded');
    const { done } = service;
    for (let turn = 0; turn < 4; turn++) await new Promise(setImmediate);
    expect(service.done).toBeLessThan(done + 8);
  });
});
