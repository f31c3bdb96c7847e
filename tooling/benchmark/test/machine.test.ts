import { MalformedError } from '@quorate/core';
import { describe, expect, it } from 'vitest';
import { CountingMachine } from '../src/subjects/machine.ts';

async function* again(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}

async function chunksOf(machine: CountingMachine): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of machine.snapshot()) chunks.push(chunk);
  return chunks;
}

describe('a machine with a state that is made up', () => {
  it('has a snapshot of that size, and knows its count from it', async () => {
    const machine = new CountingMachine(200_000);
    for (let times = 0; times < 3; times++) machine.apply();
    const chunks = await chunksOf(machine);
    const bytes = chunks.reduce((sum, { length }) => sum + length, 0);
    expect(bytes - 200_000).toBeGreaterThan(0);
    expect(bytes - 200_000).toBeLessThan(16);
    const other = new CountingMachine(200_000);
    // Cut anywhere: within the count, too.
    const [head = new Uint8Array(), ...rest] = chunks;
    await other.restore(again([head.subarray(0, 1), head.subarray(1), ...rest]));
    expect(other.query()).toBe(3);
  });

  it('refuses a state of another size', async () => {
    const chunks = await chunksOf(new CountingMachine(1000));
    await expect(new CountingMachine(1001).restore(again(chunks))).rejects.toThrow(MalformedError);
  });

  it('has nothing but its count where no size is named', async () => {
    const machine = new CountingMachine();
    machine.apply();
    const other = new CountingMachine();
    await other.restore(machine.snapshot());
    expect(other.query()).toBe(1);
  });
});
