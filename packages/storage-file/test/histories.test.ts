/**
 * Random histories of a node whose disk fails and loses power: what was acknowledged is there, and it
 * opens.
 *
 *     QUORATE_SEED=17 npx vitest run packages/storage-file/test/histories.test.ts
 *     QUORATE_SEEDS=20000 npx vitest run packages/storage-file/test/histories.test.ts
 */
import { describe, expect, it } from 'vitest';
import { playHistory } from './histories.ts';

const one = process.env['QUORATE_SEED'];
const seeds = Number(process.env['QUORATE_SEEDS'] ?? 150);

describe('a node whose disk fails and loses power', () => {
  it(`keeps what it acknowledged and opens again, in ${one === undefined ? `${String(seeds)} random histories` : `history ${one}`}`, {
    timeout: 60_000 + seeds * 100,
  }, async () => {
    const from = Number(one ?? 1);
    const to = one === undefined ? seeds : from;
    let acknowledged = 0;
    for (let seed = from; seed <= to; seed++) {
      const lines: string[] = [];
      await playHistory(seed, (line) => lines.push(line)).catch((error: unknown) => {
        const trace = one === undefined ? '' : `\n${lines.join('\n')}\n`;
        throw new Error(`with QUORATE_SEED=${String(seed)}${trace}`, { cause: error });
      });
      acknowledged += lines.filter((line) => line.startsWith('acknowledged')).length;
    }
    // Where nothing is acknowledged nothing can be lost.
    expect(acknowledged).toBeGreaterThan(to - from);
  });
});
