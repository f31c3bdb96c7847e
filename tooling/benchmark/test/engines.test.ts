/** The engines alone, of every algorithm that is measured: that the loop works, and what it counts. */
import { describe, expect, it } from 'vitest';
import { algorithmNamed, algorithmNames } from '../src/algorithms.ts';
import type { LoopTask } from '../src/subjects/closed-loop.ts';
import { openEngines } from '../src/subjects/engine-load.ts';

const brief = (clients: number): LoopTask => ({ clients, seconds: 0.01, warmUpSeconds: 0 });

/** Written, and sent to two peers: once with the commands, once with what came of them. */
const mostPerWindow = { writes: 2, frames: 6 };

describe.each(algorithmNames)('%s', (name) => {
  it('decides commands, one after the other and many at once', async () => {
    for (const packing of ['batch', 'single'] as const) {
      const engines = openEngines(await algorithmNamed(name), 256, packing);
      for (const clients of [1, 64, 1024]) {
        const measurement = await engines.measure(brief(clients));
        expect(measurement.operationsPerSecond).toBeGreaterThan(0);
        expect(measurement.p50).toBeLessThanOrEqual(measurement.max);
      }
      await engines.close();
    }
  });

  it('writes and sends for a window, not for a command', async () => {
    for (const packing of ['batch', 'single'] as const) {
      const engines = openEngines(await algorithmNamed(name), 256, packing);
      // Not more: an algorithm may bound how many entries are under way at once.
      const { figures } = await engines.measure(brief(64));
      expect(figures['syncsPerCommand']).toBeLessThanOrEqual(mostPerWindow.writes / 64);
      expect(figures['framesPerCommand']).toBeLessThanOrEqual(mostPerWindow.frames / 64);
      expect(figures['commandsPerEntry']).toBe(packing === 'batch' ? 64 : 1);
    }
  });

  it('is told commands in entries as the driver makes them', async () => {
    const engines = openEngines(await algorithmNamed(name), 256, 'batch');
    const { figures } = await engines.measure(brief(1024));
    // 1024 commands of 256 bytes are a little more than an entry of 256 KiB takes.
    expect(figures['commandsPerEntry']).toBe(512);
  });
});

it('an algorithm that is not in the table is refused', async () => {
  await expect(algorithmNamed('zab')).rejects.toThrow(RangeError);
});
