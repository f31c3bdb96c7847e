/** The timing wheel keeps every deadline: never early, at most one tick late, with few timers. */
import { ClosedError } from '@quorate/core';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Deadline, Deadlines, tickMs } from '@quorate/core/waiting';
import { VirtualRuntime } from '@quorate/conformance/virtual-time';

class Probe extends Deadline {
  readonly #runtime: VirtualRuntime;
  givenUpAt: number | undefined;
  closed: ClosedError | undefined;

  constructor(runtime: VirtualRuntime) {
    super();
    this.#runtime = runtime;
  }

  override giveUp(closed?: ClosedError): void {
    expect(this.givenUpAt).toBe(undefined);
    this.givenUpAt = this.#runtime.now();
    this.closed = closed;
  }
}

it('gives up each deadline once, in time, and never one that was taken out', async () => {
  const step = fc.record({
    waitMs: fc.double({ min: 0, max: 400, noNaN: true }),
    timeoutMs: fc.oneof(
      fc.double({ min: 1, max: 500, noNaN: true }),
      // More than one round of the wheel.
      fc.double({ min: 1, max: 40_000, noNaN: true }),
    ),
    unlinkAfterMs: fc.option(fc.double({ min: 0, max: 1_000, noNaN: true })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (script) => {
      const runtime = new VirtualRuntime();
      const deadlines = new Deadlines(runtime);
      const probes: { probe: Probe; unlinkAt: number }[] = [];
      for (const { waitMs, timeoutMs, unlinkAfterMs } of script) {
        await runtime.run(waitMs);
        const probe = new Probe(runtime);
        deadlines.add(probe, timeoutMs);
        const unlinkAt = unlinkAfterMs === null ? Infinity : runtime.now() + unlinkAfterMs;
        if (unlinkAfterMs !== null) runtime.setTimer(unlinkAfterMs, () => probe.unlink());
        probes.push({ probe, unlinkAt });
      }
      await runtime.run(45_000);
      for (const { probe, unlinkAt } of probes) {
        const earliest = probe.at;
        const latest = probe.at + tickMs;
        if (unlinkAt < earliest) expect(probe.givenUpAt).toBe(undefined);
        else if (unlinkAt > latest) expect(probe.givenUpAt).toBeDefined();
        if (probe.givenUpAt === undefined) continue;
        expect(probe.givenUpAt).toBeGreaterThanOrEqual(earliest);
        expect(probe.givenUpAt).toBeLessThanOrEqual(latest);
      }
      expect(runtime.pending).toBe(0);
    }),
    { numRuns: 200 },
  );
});

it('has one timer, for whatever comes first', async () => {
  const runtime = new VirtualRuntime();
  const deadlines = new Deadlines(runtime);
  const probes = [1_000, 500, 2_000, 100].map((timeoutMs) => {
    const probe = new Probe(runtime);
    deadlines.add(probe, timeoutMs);
    expect(runtime.pending).toBe(1);
    return probe;
  });
  await runtime.run(120);
  expect(probes.map(({ givenUpAt }) => givenUpAt !== undefined)).toEqual([
    false,
    false,
    false,
    true,
  ]);
  expect(runtime.pending).toBe(1);
});

it('lets one deadline take out another of the same tick', async () => {
  const runtime = new VirtualRuntime();
  const deadlines = new Deadlines(runtime);
  const second = new Probe(runtime);
  const first = new (class extends Deadline {
    override giveUp(): void {
      second.unlink();
    }
  })();
  deadlines.add(first, 50);
  deadlines.add(second, 50);
  const later = new Probe(runtime);
  deadlines.add(later, 100);
  await runtime.run(200);
  expect(later.givenUpAt).toBeDefined();
});

it('gives everything up at close, and needs no timer any more', async () => {
  const runtime = new VirtualRuntime();
  const deadlines = new Deadlines(runtime);
  const probes = [10, 1_000, 100_000].map((timeoutMs) => {
    const probe = new Probe(runtime);
    deadlines.add(probe, timeoutMs);
    return probe;
  });
  const closed = new ClosedError('closed');
  deadlines.close(closed);
  expect(probes.map((probe) => probe.closed)).toEqual([closed, closed, closed]);
  expect(runtime.pending).toBe(0);
});
